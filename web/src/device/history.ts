// History of one metric for the chart: ranges, buckets, and extending the newest bucket with live readings. Pure, except for
// the request.

import { get } from '../api/http';
import type { History, Point } from '../api/types';
import { shownUnit, shownValue } from '../lib/units';

export const RANGES = {
  '15m': 15 * 60_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
} as const;
export type Range = keyof typeof RANGES;

/** Time range of the chart: up to now, or fixed. */
export type Window = { live: Range } | { from: number; to: number };

export function windowOf(query: URLSearchParams): Window {
  const from = Number(query.get('from'));
  const to = Number(query.get('to'));
  if (from > 0 && to > from) return { from, to };
  const range = query.get('range');
  return { live: range && range in RANGES ? (range as Range) : '1h' };
}

/** From, to (ms), reason. */
export type Doubt = History['marks'][number];

/** Columns for uPlot: seconds, mean, lowest, highest. */
export interface Trace {
  ts: number[];
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
  /** Width of a bucket, ms. */
  bucket: number;
  /** Usual distance between points, ms. */
  interval: number;
  /** Ranges with late readings, or of a wrong clock. */
  doubts: Doubt[];
  /** Readings in the newest bucket. */
  readings: number;
  unit: string | null;
}

export const emptyTrace = (bucket: number): Trace => ({
  ts: [],
  mean: [],
  low: [],
  high: [],
  bucket,
  interval: bucket,
  doubts: [],
  readings: 0,
  unit: null,
});

/** Build a trace in the person's unit from `[ts, value]` or `[ts, min, mean, max, count]`, without a line across gaps. */
export function traceOf(answer: Pick<History, 'points' | 'gaps' | 'marks' | 'unit'>, bucket: number): Trace {
  const { points, gaps } = answer;
  const trace = emptyTrace(bucket);
  trace.unit = shownUnit(answer.unit);
  const shown = (value: number): number => shownValue(value, answer.unit);
  trace.doubts = answer.marks;
  trace.interval = Math.max(bucket, typicalStep(points));
  let gap = 0;
  let before = NaN;
  for (const point of points) {
    const ts = point[0];
    if (gap < gaps.length && gaps[gap]![1] <= ts) {
      pushPoint(trace, (before + ts) / 2, null, null, null);
      while (gap < gaps.length && gaps[gap]![1] <= ts) gap++;
    }
    if (point.length === 5) pushPoint(trace, ts, shown(point[2]), shown(point[1]), shown(point[3]));
    else if (typeof point[1] !== 'string') {
      const value = shown(+point[1]);
      pushPoint(trace, ts, value, value, value);
    }
    before = ts;
  }
  trace.readings = points.at(-1)?.[4] ?? 1;
  return trace;
}

/** Return why the point at `ts` (ms) is doubtful, if it is. */
export const doubtAt = (trace: Trace, ts: number): Doubt[2] | undefined =>
  trace.doubts.find(([from, to]) => from <= ts && ts <= to)?.[2];

function typicalStep(points: readonly Point[]): number {
  const steps = points.slice(1).map((point, k) => point[0] - points[k]![0]);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? 0;
}

function pushPoint(
  trace: Trace,
  ts: number,
  mean: number | null,
  low: number | null,
  high: number | null,
): void {
  trace.ts.push(ts / 1000);
  trace.mean.push(mean);
  trace.low.push(low);
  trace.high.push(high);
}

/** Add a live reading and drop points before `from`. Readings before the newest bucket are ignored. */
export function append(trace: Trace, ts: number, value: number, from: number): void {
  const last = trace.ts.length - 1;
  const newest = last >= 0 ? trace.ts[last]! * 1000 : -Infinity;
  if (ts < newest) return;
  if (last >= 0 && ts - newest < trace.bucket && trace.mean[last] !== null) {
    trace.readings++;
    trace.mean[last] = trace.mean[last]! + (value - trace.mean[last]!) / trace.readings;
    trace.low[last] = Math.min(trace.low[last]!, value);
    trace.high[last] = Math.max(trace.high[last]!, value);
  } else {
    if (ts - newest > 5 * trace.interval) pushPoint(trace, (newest + ts) / 2, null, null, null);
    const bucketStart = Math.max(newest + 1, Math.floor(ts / trace.bucket) * trace.bucket);
    pushPoint(trace, bucketStart, value, value, value);
    trace.readings = 1;
  }
  let old = 0;
  while (old < trace.ts.length && trace.ts[old]! * 1000 < from) old++;
  if (old) for (const list of [trace.ts, trace.mean, trace.low, trace.high]) list.splice(0, old);
}

/** Fetch `metric` of `device` between two times (epoch ms), in at most `buckets` buckets. */
export async function loadTrace(
  device: string,
  metric: string,
  from: number,
  to: number,
  buckets: number,
  signal: AbortSignal,
): Promise<Trace> {
  // prettier-ignore
  const query = new URLSearchParams({ metric, from: String(Math.round(from)), to: String(Math.round(to)), buckets: String(buckets) });
  const path = `/api/devices/${encodeURIComponent(device)}/history?${query}`;
  const answer = await get<History>(path, signal);
  return traceOf(answer, (to - from) / buckets);
}
