// Search for metrics of devices, or for devices, by words of their names. It searches the fleet's arrays and stops at a few
// results, since it runs at each key.

import { deviceName } from './tile';
import type { Fleet } from '../live/fleet';

export interface Result {
  device_id: string;
  /** Empty for a device. */
  metric: string;
  name: string;
  note: string;
}

export const MOST_RESULTS = 40;

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Return the devices whose name, id or area contain all words. */
export function findDevices(fleet: Fleet, text: string): Result[] {
  const needles = words(text);
  const found: Result[] = [];
  for (let row = 0; row < fleet.size && found.length < MOST_RESULTS; row++) {
    if (fleet.alive[row] && needles.every((needle) => textOf(fleet, row).includes(needle)))
      found.push({
        device_id: fleet.id[row]!,
        metric: '',
        name: fleet.name[row]!,
        note: fleet.area[row] ?? '',
      });
  }
  return found;
}

/** Return the metrics for which device and metric together contain all words. */
export function findMetrics(fleet: Fleet, text: string): Result[] {
  const needles = words(text);
  const found: Result[] = [];
  for (let row = 0; row < fleet.size && found.length < MOST_RESULTS; row++) {
    if (!fleet.alive[row]) continue;
    const device = textOf(fleet, row);
    const rest = needles.filter((needle) => !device.includes(needle));
    for (const column of fleet.metricsOf(row)) {
      const title = column.title(row);
      const metric = `${title} ${column.metric}`.toLowerCase();
      if (!rest.every((needle) => metric.includes(needle))) continue;
      const name = `${deviceName(fleet.id[row]!)} · ${title}`;
      found.push({ device_id: fleet.id[row]!, metric: column.metric, name, note: column.quantity(row) });
      if (found.length >= MOST_RESULTS) break;
    }
  }
  return found;
}

const textOf = (fleet: Fleet, row: number): string =>
  `${fleet.name[row]} ${fleet.id[row]} ${fleet.area[row] ?? ''}`.toLowerCase();
