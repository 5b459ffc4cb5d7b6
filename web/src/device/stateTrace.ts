// History of on/off values and texts for the chart: a line that steps from state to state. Where it changed too often to draw,
// both states are shaded, with the share of the readings. Pure, except for the request.

import { get } from '../api/http';
import type { History } from '../api/types';
import { stateWord } from '../lib/stateWords';
import type { Value } from '../live/protocol';
import { T } from '../texts';
import { emptyTrace, type Trace } from './history';

/** With more distinct values, the metric is free text. */
export const MOST_STATES = 12;
const ON = 1;

/** Return whether a value is an on/off value, which the history stores as 0 and 1. Other numbers were sent among texts. */
const isSwitch = (value: Value): boolean => typeof value === 'boolean' || value === 0 || value === 1;

/** The states: words by their position on the axis. Shared by a device and the compared one. */
export class States {
  readonly words: string[] = [];
  readonly deviceClass: string | null;

  constructor(deviceClass: string | null, values: readonly Value[]) {
    this.deviceClass = deviceClass;
    if (values.some(isSwitch)) {
      this.words = [this.word(false), this.word(true)];
      return;
    }
    const found = [...new Set(values.map((value) => this.word(value)))];
    // On/off words keep off below on, whichever was received first.
    const pair = (deviceClass && T.states.byClass[deviceClass]) || T.states.onOff;
    const isPair = found.every((word) => pair.includes(word));
    this.words = isPair && found.length ? [pair[1], pair[0]] : found.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } // prettier-ignore

  word(value: Value): string {
    const state = isSwitch(value) ? Boolean(value) : value;
    return stateWord(state, this.deviceClass) ?? String(state);
  }

  /** Return the position on the axis; a new word is added at the end. */
  place(value: Value): number {
    const word = this.word(value);
    const at = this.words.indexOf(word);
    return at >= 0 ? at : this.words.push(word) - 1;
  }
}

export interface StateTrace extends Trace {
  /** Share of readings that are on, where it was both; aligned with `ts`. */
  share: (number | null)[];
}

type Answer = Pick<History, 'points' | 'gaps' | 'marks' | 'unit'>;

/** Build a trace from changes of state; a state lasts until the next, and gaps are not drawn. */
export function stateTraceOf(answer: Answer, states: States, from: number): StateTrace {
  const trace: StateTrace = { ...emptyTrace(1000), share: [], unit: null, doubts: answer.marks };
  const { points, gaps } = answer;
  let gap = 0;
  let held: number | null = null;
  for (const point of points) {
    const ts = Math.max(point[0], from);
    for (; gap < gaps.length && gaps[gap]![1] <= ts; gap++) {
      push(trace, gaps[gap]![0], held);
      push(trace, gaps[gap]![0] + 1, null);
      if (gaps[gap]![1] < ts) push(trace, gaps[gap]![1], held);
    }
    if (point.length === 5) {
      push(trace, ts, null, point[2]);
      held = null;
    } else push(trace, ts, (held = states.place(point[1])));
  }
  return trace;
}

function push(trace: StateTrace, ms: number, place: number | null, share: number | null = null): void {
  const ts = ms / 1000;
  const before = trace.ts.at(-1);
  if (before !== undefined && ts < before) return;
  if (before === ts) for (const list of columnsOf(trace)) list.pop();
  trace.ts.push(ts);
  trace.mean.push(place);
  trace.low.push(share === null ? place : 0);
  trace.high.push(share === null ? place : ON);
  trace.share.push(share);
}

const columnsOf = (trace: StateTrace): (number | null)[][] => [
  trace.ts,
  trace.mean,
  trace.low,
  trace.high,
  trace.share,
];

/** Add a live state and drop states that ended before `from`. Return whether it is a new word on the axis. */
export function appendState(trace: StateTrace, states: States, ts: number, value: Value, from: number): boolean {
  const known = states.words.length;
  const place = states.place(value);
  if (ts / 1000 >= (trace.ts.at(-1) ?? 0) && trace.mean.at(-1) !== place) push(trace, ts, place);
  let over = 0;
  while (over + 1 < trace.ts.length && trace.ts[over + 1]! * 1000 <= from) over++;
  if (over) for (const list of columnsOf(trace)) list.splice(0, over);
  return states.words.length > known;
} // prettier-ignore

/** Return the trace with its newest state extended to `until` (ms). */
export function heldUntil(trace: StateTrace, until: number): StateTrace {
  const last = trace.ts.at(-1);
  if (last === undefined || until / 1000 <= last) return trace;
  const add = <E>(list: E[], entry: E): E[] => [...list, entry];
  return {
    ...trace,
    ts: add(trace.ts, until / 1000),
    mean: add(trace.mean, trace.mean.at(-1) ?? null),
    low: add(trace.low, trace.low.at(-1) ?? null),
    high: add(trace.high, trace.high.at(-1) ?? null),
    share: add(trace.share, trace.share.at(-1) ?? null),
  };
}

/** Return the state at index `idx` as text. */
export function stateText(trace: StateTrace, states: States, idx: number): string {
  const share = trace.share[idx];
  if (share != null) return T.device.stateShare(states.words[ON] ?? '', Math.round(100 * share));
  const place = trace.mean[idx];
  return place == null ? '' : (states.words[place] ?? '');
}

/** Fetch the states of `metric` between two times (epoch ms), in at most `most` points. */
export function loadStates(
  device: string,
  metric: string,
  from: number,
  to: number,
  most: number,
  signal: AbortSignal,
): Promise<Answer> {
  // prettier-ignore
  const query = new URLSearchParams({ metric, from: String(Math.round(from)), to: String(Math.round(to)), buckets: String(most), shape: 'states' });
  return get<History>(`/api/devices/${encodeURIComponent(device)}/history?${query}`, signal);
}
