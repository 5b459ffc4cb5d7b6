// Tell whether an element is near the visible part of the page: one observer for all.

type Listener = (visible: boolean) => void;

const listeners = new WeakMap<Element, Listener>();
/** Content that close below the fold is prepared before it is scrolled into view. */
const AHEAD = '300px';

let observer: IntersectionObserver | undefined;

/** Return an attachment that calls `listener` when the element comes into view or leaves it. */
export const onVisible =
  (listener: Listener) =>
  (element: Element): (() => void) => {
    observer ??= new IntersectionObserver(
      (entries) => entries.forEach((entry) => listeners.get(entry.target)?.(entry.isIntersecting)),
      { rootMargin: AHEAD },
    );
    listeners.set(element, listener);
    observer.observe(element);
    return () => observer!.unobserve(element);
  };
