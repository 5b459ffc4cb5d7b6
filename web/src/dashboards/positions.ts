// Positions of the fleet's devices for a map.

import { NUMBER } from '../live/column';
import type { Fleet } from '../live/fleet';
import { isPosition, positionMetrics, type Point } from './mapView';

/** Devices on a map: more would be slow to draw and to tell apart. */
export const MOST_POSITIONS = 2000;

export interface Positions {
  points: Point[];
  /** Number of devices with a position, also those beyond `MOST_POSITIONS`, which are not in `points`. */
  count: number;
}

/** Return the positions of all devices, or of the device `only`. A device without a valid one has none. */
export function readPositions(fleet: Fleet, only?: string | null): Positions {
  const pairs = positionMetrics(fleet.columns.map((column) => column.metric)).map(
    ([latitude, longitude]) => [fleet.column(latitude)!, fleet.column(longitude)!] as const,
  );
  const points: Point[] = [];
  let count = 0;
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row] || (only && fleet.id[row] !== only)) continue;
    const pair = pairs.find((each) => each.every((column) => column.kind[row] === NUMBER));
    if (!pair) continue;
    const point = { id: fleet.id[row]!, latitude: pair[0].values[row]!, longitude: pair[1].values[row]! };
    if (isPosition(point) && ++count <= MOST_POSITIONS) points.push(point);
  }
  return { points, count };
}
