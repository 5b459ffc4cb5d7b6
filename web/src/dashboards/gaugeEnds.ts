// The ends of a gauge, from what is known of its metric: its unit, the limits of rules, and past values. Pure.

/** Units whose values have known ends. */
const KNOWN: Record<string, [number, number]> = { '%': [0, 100], dBm: [-100, -30] };
/** Without any value or limit. */
const UNKNOWN: [number, number] = [0, 100];
/** Space beyond values and limits, as a share of their range. */
const AIR = 0.1;
/** A range of positive values begins at 0 if its lower end is below this share of the upper one. */
const NEAR_ZERO = 0.6;
/** Ends are multiples of 1, 2 or 5 times a power of ten; the range has at most this many of them. */
const MOST_STEPS = 10;

function niceStep(range: number): number {
  const size = 10 ** Math.floor(Math.log10(range / MOST_STEPS));
  return [1, 2, 5, 10].map((each) => each * size).find((step) => range / step <= MOST_STEPS)!;
}

/** Return minimum and maximum of a gauge for values of `unit`. `values` are lowest and highest past value, `limits` those of
 *  rules and of the device. */
export function gaugeEnds(
  unit: string | null,
  values: readonly number[],
  limits: readonly number[],
): [number, number] {
  const all = [...values, ...limits].filter(Number.isFinite);
  const known = KNOWN[unit ?? ''];
  if (known && all.every((each) => each >= known[0] && each <= known[1])) return known;
  if (!all.length) return UNKNOWN;
  const [low, high] = [Math.min(...all), Math.max(...all)];
  if (low === 0 && high === 0) return [0, 1];
  const range = high - low || Math.abs(high);
  const isFromZero = low >= 0 && (unit === '%' || low <= NEAR_ZERO * high);
  const from = isFromZero ? 0 : low - AIR * range;
  const to = high + AIR * range;
  const step = niceStep(to - from);
  const tidy = (value: number): number => Number(value.toPrecision(12));
  return [tidy(Math.floor(from / step) * step), tidy(Math.ceil(to / step) * step)];
}
