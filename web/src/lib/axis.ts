// The value axis of a chart: its range around the data, and labels with the decimals of their step. Pure.

import { decimals, exponentOf, HUGE, number, scientific } from './format';

const MOST_DECIMALS = 8;

/** Return the number of decimals needed to distinguish values that are `step` apart: 2 for 0.25, 1 for 2.5, 0 for 20. */
export function stepDecimals(step: number): number {
  const size = Math.abs(step);
  if (!Number.isFinite(size) || size === 0) return 0;
  for (let digits = 0; digits < MOST_DECIMALS; digits++) {
    const scaled = size * 10 ** digits;
    if (scaled >= 1 - 1e-9 && Math.abs(scaled - Math.round(scaled)) < 1e-6 * scaled) return digits;
  }
  return MOST_DECIMALS;
}

/** Smaller steps are labelled with a power of ten. */
const FINEST_STEP = 1e-6;
const STEPS = [1, 2, 2.5, 5, 10];

/** Return the positions of axis labels: multiples of 1, 2, 2.5 or 5 times a power of ten, at most `most` of them. */
export function axisSplits(low: number, high: number, most: number): number[] {
  const least = (high - low) / Math.max(1, most);
  if (!(least > 0) || !Number.isFinite(least)) return [];
  const exponent = exponentOf(least);
  const scale = Number(`1e${exponent}`);
  const step = (STEPS.find((each) => each >= (least / scale) * (1 - 1e-9)) ?? 10) * scale;
  const splits: number[] = [];
  // Multiply instead of adding, so that rounding errors do not accumulate.
  for (let k = Math.ceil(low / step); k * step <= high && splits.length <= most + 1; k++)
    splits.push(k === 0 ? 0 : Number((k * step).toPrecision(15)));
  return splits;
}

/** Return the labels of an axis, all with the decimals of their step; very small or large values share a power of ten. */
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

/** Return the display resolution of values like `value`: one unit of their last decimal. */
function resolution(value: number, unit: string | null): number {
  if (!unit && Number.isInteger(value)) return 1;
  const shown = 10 ** -decimals(value, unit);
  const size = Math.abs(value);
  return size > 0 && size < shown ? 10 ** (Math.floor(Math.log10(size)) - 1) : shown;
}

/** Range around a constant, in steps of its resolution; smaller for whole numbers, which may be counts. */
const STEPS_AROUND = 20;
const COUNTS_AROUND = 4;
/** A series that varies by fewer steps of its resolution counts as constant. */
const STEPS_MOVED = 4;

/** Limits and band edges are included if they are within this many times the range of the data. */
const NEAR = 2.5;
const AIR = 0.12;

/** Return the range of the axis: the data with a margin, and `edges` (limits, a band) that are near. A constant series gets a
 *  range by its resolution, so that its noise is not magnified. */
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
  // Beyond the precision of a double, the resolution has no effect.
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
  // Values that cannot be negative, or above 100 %, get no axis beyond that.
  if (low >= 0 && from < 0 && edges.every((at) => at === null || at >= 0)) from = -air / 3;
  if (unit === '%' && low >= 0 && high <= 100 && to > 100) to = 100 + air / 3;
  // The difference must be finite, too.
  const most = Number.MAX_VALUE / 2;
  return [Math.min(Math.max(from, -most), most * 0.9), Math.max(Math.min(to, most), -most * 0.9)];
}
