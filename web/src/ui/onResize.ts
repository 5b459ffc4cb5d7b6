// Tell the size of an element from one ResizeObserver for all. Svelte's `bind:clientWidth` reads the size as soon as the element
// exists, which forces a layout for each one: on a page of 200 tiles that took more time than the tiles' own code.

type Listener = (width: number, height: number) => void;

const listeners = new WeakMap<Element, Listener>();

let observer: ResizeObserver | undefined;

function tell(entries: readonly ResizeObserverEntry[]): void {
  for (const { target, contentRect } of entries)
    listeners.get(target)?.(Math.round(contentRect.width), Math.round(contentRect.height));
}

/** Return an attachment that calls `listener` with the size without padding in px: after the first layout, and at each change. */
export const onResize =
  (listener: Listener) =>
  (element: Element): (() => void) => {
    observer ??= new ResizeObserver(tell);
    listeners.set(element, listener);
    observer.observe(element);
    return () => observer!.unobserve(element);
  };
