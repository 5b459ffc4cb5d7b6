// A timeline of states: one block per state, without those that follow with the same word. Pure.

import type { Series } from '../api/types';
import { heldUntil, States, stateText, stateTraceOf } from '../device/stateTrace';

export interface Block {
  /** Epoch ms. */
  from: number;
  to: number;
  text: string;
  /** Place among the states; -1 where it changed too often to draw. */
  place: number;
}

/** Return the states between two times (epoch ms); the newest lasts until `to`. */
export function blocksOf(
  answer: Pick<Series, 'points' | 'gaps' | 'marks' | 'unit'>,
  deviceClass: string | null,
  from: number,
  to: number,
): Block[] {
  const states = new States(
    deviceClass,
    answer.points.map((point) => point[1]),
  );
  const trace = heldUntil(stateTraceOf(answer, states, from), to);
  const blocks: Block[] = [];
  for (let at = 0; at + 1 < trace.ts.length; at++) {
    const text = stateText(trace, states, at);
    const place = trace.share[at] == null ? (trace.mean[at] ?? 0) : -1;
    const [since, until] = [trace.ts[at]! * 1000, trace.ts[at + 1]! * 1000];
    const before = blocks.at(-1);
    if (before?.text === text && before.to === since) before.to = until;
    else if (text) blocks.push({ from: since, to: until, text, place });
  }
  return blocks;
}
