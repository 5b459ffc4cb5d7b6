// Limits of a metric in the person's unit.

import type { Limit } from '../api/types';
import { shownValue } from '../lib/units';

export function shownLimit(limit: Limit, unit: string | null | undefined): Limit {
  const shown = (value: number | undefined): number | undefined =>
    value === undefined ? value : shownValue(value, unit);
  return { ...limit, above: shown(limit.above), below: shown(limit.below) };
}
