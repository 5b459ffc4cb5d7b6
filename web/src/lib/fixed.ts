// Numbers with a fixed number of decimals, in the form of the page's language.

import { shown } from '../texts/language';

export const MINUS = '\u2212';

const formats = new Map<number, Intl.NumberFormat>();

/** Format with just `digits` decimals, and a real minus sign. */
export function fixed(value: number, digits: number): string {
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat(shown.numbers, {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    formats.set(digits, format);
  }
  // A value that rounds to zero has no sign.
  const text = format.format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? MINUS + text : text;
}

export const integer = (value: number): string => fixed(value, 0);
