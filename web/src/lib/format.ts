// Format numbers, units and times: a real minus sign, thousands separators. Live values keep their decimals, so that they
// do not jump; numbers in sentences (limits, durations, values of an alert) have the hub's format (hub/text_format.py),
// verified by tests/vectors/text_format.json. Pure, except that times follow the person's zone.

import type { Value } from '../live/protocol';
import { T } from '../texts';
import { shown } from '../texts/language';
import { fixed, MINUS } from './fixed';
import { stateWord } from './stateWords';
import { shownUnit, shownValue } from './units';
import { timeFormat } from './zone.svelte';

export { integer } from './fixed';

const NBSP = '\u00a0';
export const DASH = '\u2013';

/** Decimals by unit, so that a changing value keeps its width. */
// prettier-ignore
const DECIMALS: Record<string, number> = {
  '°C': 1, '°F': 1, psi: 1, mph: 1, inHg: 2, gpm: 1, K: 1, '%': 1, kW: 1, kWh: 1, V: 1, 'm³/h': 1, 'l/min': 1, 'L/min': 1, 'm/s': 1, hPa: 1,
  'mm/s': 2, bar: 2, A: 2, pH: 2, g: 2,
  rpm: 0, 'r/min': 0, ppm: 0, lx: 0, lux: 0, W: 0, Pa: 0, dBm: 0, s: 0, Hz: 1,
};

/** Decimals chosen by the user, by unit. */
export const CHOSEN_DECIMALS = new Map<string, number>();

/** Units with an arbitrary zero, or whose small fractions are noise: a value that rounds to zero is shown as zero. */
const ROUNDED = new Set(['°C', '°F', '%', 'dBm', 'rpm', 'r/min']);
/** From here on, doubles cannot represent every integer; use a power of ten. */
export const HUGE = 1e15;
/** Below this, use a power of ten too. */
const TINY = 1e-4;

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
export const exponentOf = (value: number): number => Number(Math.abs(value).toExponential().split('e')[1]);
const power = (exponent: number): string =>
  `10${exponent < 0 ? '⁻' : ''}${[...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;

/** `1.06 × 10⁻⁹`; all values of an axis share an `exponent`. */
export function scientific(value: number, digits = 2, exponent?: number): string {
  if (value === 0) return '0';
  const shared = exponent ?? exponentOf(Number(value.toExponential(digits)));
  // In two steps: 10^308 is the largest power of ten in a double, 10^-308 nearly the smallest.
  const half = Math.trunc(shared / 2);
  const mantissa = value / 10 ** half / 10 ** (shared - half);
  return `${fixed(mantissa, digits)}${NBSP}×${NBSP}${power(shared)}`;
}

/** Return the number of decimals for a value of `unit` about as large as `value`. */
export function decimals(value: number, unit: string | null | undefined): number {
  const chosen = unit ? CHOSEN_DECIMALS.get(unit) : undefined;
  if (chosen !== undefined) return chosen;
  const size = Math.abs(value);
  const known = unit ? DECIMALS[unit] : undefined;
  if (known !== undefined) return size >= 1000 ? 0 : known;
  if (size >= 1000 || (Number.isInteger(value) && size >= 100)) return 0;
  return size >= 10 ? 1 : 2;
}

export function number(value: number, unit?: string | null, digits?: number): string {
  if (!Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  if (size >= HUGE) return scientific(value);
  const shown = digits ?? decimals(value, unit);
  const lost = size > 0 && size < 0.5 * 10 ** -shown;
  if (!lost || digits !== undefined || (unit && (ROUNDED.has(unit) || CHOSEN_DECIMALS.has(unit))))
    return fixed(value, shown);
  return size < TINY ? scientific(value) : fixed(value, 1 - exponentOf(value));
}

/** Format a reading in the person's unit, without it; a state uses the words of its device class. */
export function reading(value: Value, unit?: string | null, deviceClass?: string | null): string {
  if (value === null || value === undefined) return DASH;
  if (typeof value === 'number') return number(shownValue(value, unit), shownUnit(unit));
  return stateWord(value, deviceClass) ?? String(value);
}

/** Format a reading with its unit, joined by a non-breaking space. */
export function quantity(value: Value, unit?: string | null, deviceClass?: string | null): string {
  const text = reading(value, unit, deviceClass);
  return typeof value === 'number' ? withUnit(text, shownUnit(unit)) : text;
}

/** Format a reading in the unit of the device, where a person enters values in it. */
export function deviceQuantity(value: Value, unit?: string | null, deviceClass?: string | null): string {
  return typeof value === 'number' ? withUnit(number(value, unit), unit) : reading(value, unit, deviceClass);
}

/** Significant digits of a limit. */
const LIMIT_DIGITS = 6;

/** Format with at most `digits` decimals, without trailing zeros. */
function atMost(value: number, digits: number): string {
  const text = new Intl.NumberFormat(shown.numbers, { maximumFractionDigits: digits }).format(
    Math.abs(value),
  );
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

function shortPower(value: number, digits: number): string {
  const format = new Intl.NumberFormat(shown.numbers, {
    notation: 'scientific',
    maximumFractionDigits: digits,
  });
  const [mantissa, exponent] = format.format(Math.abs(value)).split('E');
  return `${value < 0 ? MINUS : ''}${mantissa}${NBSP}×${NBSP}${power(Number(exponent))}`;
}

const isSmall = (value: number): boolean => value !== 0 && Math.abs(value) < TINY;
const withUnit = (text: string, unit?: string | null): string =>
  unit ? text + (unit === '°' ? '' : NBSP) + unit : text;

/** Format a number for a sentence, with about three significant digits and no trailing zeros: `89.2`, `1,184`. */
export function textNumber(value: number, unit?: string | null): string {
  if (!Number.isFinite(value)) return DASH;
  const size = Math.abs(value);
  const isRounded = !!unit && ROUNDED.has(unit);
  if (size >= HUGE || (isSmall(value) && !isRounded)) return shortPower(value, 2);
  const digits = size >= 1000 ? 0 : size >= 10 ? 1 : 2 - (value === 0 ? 0 : exponentOf(value));
  return atMost(value, isRounded ? Math.min(digits, DECIMALS[unit]!) : digits);
}

/** Format a past reading for a sentence or a card: `89.2 °C`; a state uses the words of its device class. */
export function textQuantity(value: Value, unit?: string | null, deviceClass?: string | null): string {
  if (typeof value !== 'number' || (unit && CHOSEN_DECIMALS.has(unit)))
    return quantity(value, unit, deviceClass);
  const shown = shownUnit(unit);
  return withUnit(textNumber(shownValue(value, unit), shown), shown);
}

/** Format a value for a sentence in its own unit. */
export const plainQuantity = (value: number, unit?: string | null): string =>
  withUnit(textNumber(value, unit), unit);

/** Format a limit without trailing zeros, in the person's unit: `80 °C`. */
export const limitText = (value: number, unit?: string | null): string =>
  exactQuantity(shownValue(value, unit), shownUnit(unit));

/** Format a limit without trailing zeros, in its own unit. */
export function exactQuantity(value: number, unit?: string | null): string {
  if (!Number.isFinite(value)) return withUnit(DASH, unit);
  if (Math.abs(value) >= HUGE || isSmall(value)) return withUnit(shortPower(value, LIMIT_DIGITS - 1), unit);
  const digits = LIMIT_DIGITS - 1 - (value === 0 ? 0 : exponentOf(value));
  return withUnit(atMost(value, Math.max(digits, 0)), unit);
}

/** `bearing_temperature` → `Bearing temperature`. */
export function metricName(metric: string): string {
  const words = metric
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/[_.\-/]+/g, ' ')
    .trim()
    .toLowerCase()
    .replace(/\bco2\b/g, 'CO₂')
    .replace(/\bph\b/g, 'pH')
    .replace(/\brssi\b/g, 'RSSI');
  return words ? words[0]!.toUpperCase() + words.slice(1) : metric;
}

/** Shorter times are shown as now. */
const NOW_S = 1.5;

const timed = (count: number, unit: keyof typeof T.time.units): string => count + NBSP + T.time.units[unit];

const UNITS_MS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** Format a duration in its largest unit, rounded down: `now`, `4 s`, `12 min`, `3 h`, `5 d`. For narrow columns. */
export function span(ms: number): string {
  if (ms < NOW_S * 1000) return T.time.now;
  const [unit, size] = UNITS_MS.find(([, each]) => ms >= each)!;
  return timed(Math.floor(ms / size), unit);
}

export const ago = (ms: number): string => (ms < NOW_S * 1000 ? T.time.justNow : T.time.ago(span(ms)));

/** Format a duration in its two largest units, rounded down: `4.8 s`, `2 h 46 min`, `3 d`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return DASH;
  const whole = Math.max(Math.round(ms), 0);
  if (whole > 0 && whole < 100) return `${whole}${NBSP}ms`;
  if (whole < 10_000) return `${atMost(Math.floor(whole / 100) / 10, 1)}${NBSP}${T.time.units.s}`;
  const largest = UNITS_MS.findIndex(([, size]) => whole >= size);
  let left = whole;
  const parts: string[] = [];
  for (const [unit, size] of UNITS_MS.slice(largest, largest + 2)) {
    const count = Math.floor(left / size);
    left %= size;
    if (count) parts.push(timed(count, unit));
  }
  return parts.join(' ');
}

/** `14:00:12` */
export const clock = timeFormat({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
/** `14:00` */
export const time = timeFormat({ hour: '2-digit', minute: '2-digit' });
/** `22 Nov` */
export const date = timeFormat({ day: 'numeric', month: 'short' });
/** `22 Nov 2026` */
export const day = timeFormat({ day: 'numeric', month: 'short', year: 'numeric' });

/** Format an exact time, for tooltips: `22 Nov 2026, 14:00:12`. */
export const moment = (ts: number): string => `${day(ts)}, ${clock(ts)}`;

/** `21 Nov 14:00` */
export const dayAndTime = (ts: number): string => `${date(ts)} ${time(ts)}`;

/** `14:00:12` today, `21 Nov 14:00` before. */
export const when = (ts: number, now: number): string => (day(ts) === day(now) ? clock(ts) : dayAndTime(ts));

export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = count;
  let index = 0;
  while (size >= 1000 && index < units.length - 1) {
    size /= 1000;
    index++;
  }
  return `${fixed(size, index > 0 && size < 10 ? 1 : 0)}${NBSP}${units[index]}`;
}
