// One requestAnimationFrame for the whole page: draw callbacks are collected and run in the next frame. A hidden tab
// has no frames; there a timer runs them.

type Callback = () => void;

const waiting = new Set<Callback>();
let scheduled = false;

function run(): void {
  scheduled = false;
  const callbacks = [...waiting];
  waiting.clear();
  for (const callback of callbacks) callback();
}

/** Run `callback` once in the next frame, however often it is requested until then. */
export function nextFrame(callback: Callback): void {
  waiting.add(callback);
  if (scheduled) return;
  scheduled = true;
  if (document.hidden) setTimeout(run, 0);
  else requestAnimationFrame(run);
}

// A frame requested just before the tab was hidden never comes.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && scheduled) run();
});

/** Run `callback` after the current frame is painted. */
export const afterPaint = (callback: Callback): void => nextTask(callback);

/** Run `callback` in a task of its own, so that one task does not block the page for long. */
export function nextTask(callback: Callback): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    callback();
  };
  channel.port2.postMessage(null);
}
