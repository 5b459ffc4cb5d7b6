// The value axis of a chart: its range around the data, and labels with as many decimals as their step has. Pure.

import { decimals, exponentOf, HUGE, number, scientific } from './format';

const MOST_DECIMALS = 8;

/** How many decimals it takes to tell two values that are `step` apart: 2 for 0.25, 1 for 2.5, 0 for 20. */
export function stepDecimals(step: number): number {
  const size = Math.abs(step);
  if (!Number.isFinite(size) || size === 0) return 0;
  for (let digits = 0; digits < MOST_DECIMALS; digits++) {
    const scaled = size * 10 ** digits;
    if (scaled >= 1 - 1e-9 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return MOST_DECIMALS;
}

/** Steps below this would need more zeros than anyone counts. */
const FINEST_STEP = 1e-6;
const STEPS = [1, 2, 2.5, 5, 10];

/** The places of an axis' labels: multiples of 1, 2, 2.5 or 5 times a power of ten, at most `most` of them. */
export function axisSplits(low: number, high: number, most: number): number[] {
  const least = (high - low) / Math.max(1, most);
  if (!(least > 0) || !Number.isFinite(least)) return [];
  const exponent = exponentOf(least);
  const scale = Number(`1e${exponent}`);
  const step = (STEPS.find((each) => each >= (least / scale) * (1 - 1e-9)) ?? 10) * scale;
  const splits: number[] = [];
  // By number and not by sum, so that no error adds up.
  for (let k = Math.ceil(low / step); k * step <= high && splits.length <= most + 1; k++)
    splits.push(k === 0 ? 0 : Number((k * step).toPrecision(15)));
  return splits;
}

/** The labels of an axis, all with the decimals of their step; of very small or large values, with a common power. */
export function axisLabels(splits: readonly number[]): string[] {
  const step = splits.length > 1 ? splits[1]! - splits[0]! : (splits[0] ?? 1);
  const size = Math.max(...splits.map(Math.abs), 0);
  if (size > 0 && (size >= HUGE || Math.abs(step) < FINEST_STEP)) {
    const exponent = exponentOf(size);
    const relative =
      Number((Math.abs(step) / size).toPrecision(12)) * Number(size.toExponential().split('e')[0]);
    return splits.map((value) => scientific(value, stepDecimals(relative), exponent));
  }
  const digits = stepDecimals(step);
  return splits.map((value) => number(value, null, digits));
}

/** The step by which values like `value` change, as far as anybody cares: that of their last decimal. */
function resolution(value: number, unit: string | null): number {
  if (!unit && Number.isInteger(value)) return 1;
  const shown = 10 ** -decimals(value, unit);
  const size = Math.abs(value);
  return size > 0 && size < shown ? 10 ** (Math.floor(Math.log10(size)) - 1) : shown;
}

/** A constant is drawn amid this many steps of its resolution; whole numbers, which may be counts, amid fewer. */
const STEPS_AROUND = 20;
const COUNTS_AROUND = 4;
/** What moves by less than this many steps of its resolution hardly moves. */
const STEPS_MOVED = 4;

/** Limits and band edges are in view when they are within this many times the size of the data. */
const NEAR = 2.5;
const AIR = 0.12;

/** The range of the axis: the data with some air; `edges` (limits, a band) when they are near enough to matter. A series
 *  that does not move gets a range by its resolution, so that its noise is not blown up. */
export function axisRange(
  low: number | null,
  high: number | null,
  unit: string | null,
  edges: readonly (number | null)[] = [],
): [number, number] {
  if (low === null || high === null || !Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  const step = resolution(Math.abs(high) > Math.abs(low) ? high : low, unit);
  const around = step * (!unit && Number.isInteger(high) ? COUNTS_AROUND : STEPS_AROUND);
  const least = high - low < step / 2 ? around : STEPS_MOVED * step;
  const largest = Math.max(Math.abs(low), Math.abs(high));
  // Beyond the digits of a double, a step of its resolution is none.
  const size = Math.max(
    high / 2 - low / 2 > 1e307 ? 1e307 : high - low,
    least,
    largest >= HUGE ? largest * 0.02 : 1e-321,
  );
  const middle = (low + high) / 2;
  let [from, to] = [Math.min(low, middle - size / 2), Math.max(high, middle + size / 2)];
  for (const at of edges) {
    if (at === null || at < low - NEAR * size || at > high + NEAR * size) continue;
    from = Math.min(from, at);
    to = Math.max(to, at);
  }
  const air = Math.max((to - from) * AIR, size * 0.1);
  from -= air;
  to += air;
  // What cannot be negative, or more than all, has no axis that says so.
  if (low >= 0 && from < 0 && edges.every((at) => at === null || at >= 0)) from = -air / 3;
  if (unit === '%' && low >= 0 && high <= 100 && to > 100) to = 100 + air / 3;
  // The difference of both has to be a number, too.
  const most = Number.MAX_VALUE / 2;
  return [Math.min(Math.max(from, -most), most * 0.9), Math.max(Math.min(to, most), -most * 0.9)];
}
