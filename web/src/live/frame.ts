// One requestAnimationFrame for the whole page: whoever wants to draw asks for a turn in the next frame.
// In a hidden tab, where frames don't come, the turn is a timer's.

type Turn = () => void;

const waiting = new Set<Turn>();
let asked = false;

function run(): void {
  asked = false;
  const turns = [...waiting];
  waiting.clear();
  for (const turn of turns) turn();
}

/** Runs `turn` once in the next frame, however often it is asked for until then. */
export function nextFrame(turn: Turn): void {
  waiting.add(turn);
  if (asked) return;
  asked = true;
  if (document.hidden) setTimeout(run, 0);
  else requestAnimationFrame(run);
}

// A frame that was asked for just before the tab was hidden would never come.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && asked) run();
});

/** Runs `turn` once the frame in progress has been painted. */
export const afterPaint = (turn: Turn): void => soon(turn);

/** Runs `turn` in a task of its own, after what is under way: work that would be too long in one piece. */
export function soon(turn: Turn): void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => {
    channel.port1.close();
    turn();
  };
  channel.port2.postMessage(null);
}
