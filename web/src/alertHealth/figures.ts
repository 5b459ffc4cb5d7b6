// The figures of ISA-18.2 in their order, and how they are shown. Pure.

import { integer, number } from '../lib/format';

export const FIGURES = [
  'per_hour',
  'most_in_10_minutes',
  'hours_over_30',
  'in_flood',
  'from_top',
  'stale',
] as const;
export type Figure = (typeof FIGURES)[number];

const SHARES: readonly Figure[] = ['hours_over_30', 'in_flood', 'from_top'];

/** Return whether a figure says something: the most frequent sources are counted if there are more than twenty. */
export const isCounted = (figure: Figure, value: number): boolean => figure !== 'from_top' || value > 0;

/** Return a figure as text: a share in percent, a rate with a digit after the point, else a whole number. */
export function shown(figure: Figure, value: number): string {
  if (!isCounted(figure, value)) return '–';
  if (SHARES.includes(figure)) return `${number(100 * value, null, value && value < 0.1 ? 1 : 0)}\u00a0%`;
  return figure === 'per_hour' ? number(value, null, 1) : integer(value);
}
