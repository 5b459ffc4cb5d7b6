// Search for metrics of devices, or for devices, by words of their names. It searches the fleet's arrays and stops at a few
// results, since it runs at each key. Metrics are grouped by device, or by their title.

import { integer } from '../lib/format';
import type { Fleet } from '../live/fleet';
import { T } from '../texts';
import { deviceName } from './tile';

export interface Result {
  device_id: string;
  /** Empty for a device. */
  metric: string;
  name: string;
  note: string;
}

/** Results with a common heading: a device, or the title of a metric. */
export interface Group {
  /** Id of the device, or title of the metric; empty for results without a heading. */
  key: string;
  heading: string;
  results: Result[];
}

export type GroupBy = 'device' | 'metric';

export interface Found {
  groups: Group[];
  /** Number of results that are not listed. */
  more: number;
}

export const MOST_RESULTS = 60;
/** More results than this are not counted. */
const MOST_COUNTED = 5000;

const words = (text: string): string[] => text.toLowerCase().split(/\s+/).filter(Boolean);

/** Return the devices whose name, id or area contain all words. */
export function findDevices(fleet: Fleet, text: string): Found {
  const needles = words(text);
  const results: Result[] = [];
  let more = 0;
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row] || !needles.every((needle) => textOf(fleet, row).includes(needle))) continue;
    if (results.length >= MOST_RESULTS) more++;
    else
      results.push({
        device_id: fleet.id[row]!,
        metric: '',
        name: fleet.name[row]!,
        note: fleet.area[row] ?? '',
      });
  }
  return { groups: [{ key: '', heading: '', results }], more };
}

/** Return the groups from which to choose: devices with their number of metrics, or metrics with their number of devices. The
 *  id of the device, or the title of the metric, is in `metric`, which is what `findMetrics` takes as `within`. */
export function listGroups(fleet: Fleet, by: GroupBy): Found {
  const counts = new Map<string, { name: string; count: number }>();
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row]) continue;
    for (const column of fleet.metricsOf(row)) {
      const key = by === 'device' ? fleet.id[row]! : column.title(row);
      const found = counts.get(key);
      if (found) found.count++;
      else counts.set(key, { name: by === 'device' ? fleet.name[row]! : key, count: 1 });
    }
  }
  const count = by === 'device' ? T.dashboards.form.metricCount : T.dashboards.form.deviceCount;
  const all = [...counts].map(([metric, each]) => ({
    device_id: '',
    metric,
    name: each.name,
    note: count(each.count),
  }));
  all.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const results = all.slice(0, MOST_RESULTS);
  return { groups: [{ key: '', heading: '', results }], more: all.length - results.length };
}

/** Return the metrics for which device and metric together contain all words, grouped; `within` is the key of a group to which
 *  the search is limited. */
export function findMetrics(fleet: Fleet, text: string, by: GroupBy = 'device', within = ''): Found {
  const needles = words(text);
  const groups = new Map<string, Group>();
  let count = 0;
  for (let row = 0; row < fleet.size && count < MOST_COUNTED; row++) {
    if (!fleet.alive[row]) continue;
    const id = fleet.id[row]!;
    if (within && by === 'device' && id !== within) continue;
    const device = textOf(fleet, row);
    const rest = needles.filter((needle) => !device.includes(needle));
    for (const column of fleet.metricsOf(row)) {
      const title = column.title(row);
      if (within && by === 'metric' && title !== within) continue;
      const searched = `${title} ${column.metric} ${column.facts[row]?.device_class ?? ''}`.toLowerCase();
      if (!rest.every((needle) => searched.includes(needle))) continue;
      if (++count > MOST_RESULTS) continue;
      const key = by === 'device' ? id : title;
      const group = groups.get(key) ?? {
        key,
        heading: by === 'device' ? deviceName(id) : title,
        results: [],
      };
      const name = by === 'device' ? title : deviceName(id);
      group.results.push({ device_id: id, metric: column.metric, name, note: column.quantity(row) });
      groups.set(key, group);
    }
  }
  return { groups: [...groups.values()], more: Math.max(0, count - MOST_RESULTS) };
}

export const moreText = (more: number): string =>
  T.dashboards.form.moreResults(more >= MOST_COUNTED - MOST_RESULTS ? `${integer(more)}+` : integer(more));

const textOf = (fleet: Fleet, row: number): string =>
  `${fleet.name[row]} ${fleet.id[row]} ${fleet.area[row] ?? ''}`.toLowerCase();
