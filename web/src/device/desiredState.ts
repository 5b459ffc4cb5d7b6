// Find devices to compare a device with: those of its model that report the same metric. Pure, except that it reads the
// fleet's arrays.

import type { Fleet } from '../live/fleet';

export interface Twin {
  id: string;
  name: string;
}

/** Maximum number in the menu; devices of the same area come first. */
const MOST = 50;

export function twinsOf(fleet: Fleet, row: number, metric: string): Twin[] {
  const model = row >= 0 ? fleet.model[row] : null;
  const column = fleet.column(metric);
  if (!model || !column) return [];
  const found: number[] = [];
  for (let other = 0; other < fleet.size; other++) {
    if (other !== row && fleet.alive[other] && fleet.model[other] === model && column.has(other))
      found.push(other);
  }
  const { compare } = new Intl.Collator('en', { numeric: true });
  const far = (other: number): number => Number(fleet.area[other] !== fleet.area[row]);
  found.sort((a, b) => far(a) - far(b) || compare(fleet.name[a]!, fleet.name[b]!));
  return found.slice(0, MOST).map((other) => ({ id: fleet.id[other]!, name: fleet.name[other]! }));
}
