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
  const counted = by === 'device' ? countMetrics(fleet) : countDevices(fleet);
  const note = by === 'device' ? T.dashboards.form.metricCount : T.dashboards.form.deviceCount;
  const results = firstByName(counted).map(({ key, name, count }) => ({
    device_id: '',
    metric: key,
    name,
    note: note(count),
  }));
  return { groups: [{ key: '', heading: '', results }], more: counted.length - results.length };
}

interface Counted {
  key: string;
  name: string;
  count: number;
}

/** Return the devices that have metrics, with the number of them. */
function countMetrics(fleet: Fleet): Counted[] {
  const counts = new Uint32Array(fleet.size);
  for (const column of fleet.columns)
    for (let row = 0; row < fleet.size; row++)
      if (fleet.alive[row] && column.has(row) && !column.hidden(row)) counts[row]!++;
  const found: Counted[] = [];
  for (let row = 0; row < fleet.size; row++)
    if (counts[row]) found.push({ key: fleet.id[row]!, name: fleet.name[row]!, count: counts[row]! });
  return found;
}

/** Return the titles of metrics, with the number of devices that have one. */
function countDevices(fleet: Fleet): Counted[] {
  const found = new Map<string, Counted>();
  for (const column of fleet.columns)
    for (let row = 0; row < fleet.size; row++) {
      if (!fleet.alive[row] || !column.has(row) || column.hidden(row)) continue;
      const title = column.title(row);
      const entry = found.get(title);
      if (entry) entry.count++;
      else found.set(title, { key: title, name: title, count: 1 });
    }
  return [...found.values()];
}

const { compare } = new Intl.Collator(undefined, { numeric: true });

/** Return the first `MOST_RESULTS` entries by name. Sorting all names of a large fleet would take seconds. */
function firstByName(entries: readonly Counted[]): Counted[] {
  const first: Counted[] = [];
  for (const entry of entries) {
    if (first.length === MOST_RESULTS && compare(entry.name, first.at(-1)!.name) >= 0) continue;
    let [low, high] = [0, first.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(first[middle]!.name, entry.name) <= 0) low = middle + 1;
      else high = middle;
    }
    first.splice(low, 0, entry);
    if (first.length > MOST_RESULTS) first.pop();
  }
  return first;
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
