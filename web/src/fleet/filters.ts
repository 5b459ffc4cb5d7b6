// Filter and sort devices: filters from the URL, one pass over the fleet, counts per facet. Pure, except that it reads the
// fleet's arrays.

import type { Fleet } from '../live/fleet';
import { PRESENCE, SEVERITY } from '../live/protocol';

export const FACETS = ['status', 'severity', 'area', 'label'] as const;
export type Facet = (typeof FACETS)[number];

export interface Filters {
  q: string;
  /** Devices selected in the list or on the map; empty means all. */
  ids: ReadonlySet<string>;
  facets: Record<Facet, ReadonlySet<string>>;
}

export interface Sort {
  /** A column key: `name`, `area`, `model`, `presence`, `alert`, `reading`, `seen`, `m.<metric>`. */
  key: string;
  descending: boolean;
}

/** The area filter's value for devices without an area. */
export const NO_AREA = '-';

export const DEFAULT_SORT: Sort = { key: 'alert', descending: true };

export function filtersOf(query: URLSearchParams): Filters {
  const facets = {} as Record<Facet, ReadonlySet<string>>;
  for (const facet of FACETS) facets[facet] = new Set(query.getAll(facet));
  const ids = new Set((query.get('id') ?? '').split(',').filter(Boolean));
  return { q: query.get('q') ?? '', ids, facets };
}

export function sortOf(query: URLSearchParams): Sort {
  const text = query.get('sort');
  if (!text) return DEFAULT_SORT;
  return text.startsWith('-') ? { key: text.slice(1), descending: true } : { key: text, descending: false };
}

export const sortText = (sort: Sort): string | null =>
  sort.key === DEFAULT_SORT.key && sort.descending ? null : (sort.descending ? '-' : '') + sort.key;

export type Counts = Record<Facet, Map<string, number>>;

export interface Ranking {
  /** Handles in the order shown. */
  order: Int32Array;
  /** Number of devices per option of a facet, with the other filters applied. */
  counts: Counts;
}

/** Return all handles sorted by name in natural order (`pump-2` before `pump-10`). */
export function byName(fleet: Fleet): Int32Array {
  const rows: number[] = [];
  for (let row = 0; row < fleet.size; row++) if (fleet.alive[row]) rows.push(row);
  const { compare } = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  rows.sort((a, b) => compare(fleet.name[a]!, fleet.name[b]!) || compare(fleet.id[a]!, fleet.id[b]!));
  return Int32Array.from(rows);
}

function matchesText(fleet: Fleet, row: number, needle: string): boolean {
  return (
    fleet.name[row]!.toLowerCase().includes(needle) ||
    fleet.id[row]!.toLowerCase().includes(needle) ||
    (fleet.model[row]?.toLowerCase().includes(needle) ?? false) ||
    (fleet.area[row]?.toLowerCase().includes(needle) ?? false)
  );
}

const add = (map: Map<string, number>, key: string): unknown => map.set(key, (map.get(key) ?? 0) + 1);

/** Filter `names` (all handles by name) and sort the rest; equal keys stay in order of name. */
export function rank(fleet: Fleet, names: Int32Array, filters: Filters, sort: Sort): Ranking {
  const { status, severity, area, label } = filters.facets;
  const needle = filters.q.trim().toLowerCase();
  const counts: Counts = { status: new Map(), severity: new Map(), area: new Map(), label: new Map() };
  const order = new Int32Array(names.length);
  let kept = 0;
  for (const row of names) {
    if (filters.ids.size && !filters.ids.has(fleet.id[row]!)) continue;
    if (needle && !matchesText(fleet, row, needle)) continue;
    const presenceWord = PRESENCE[fleet.presence[row]!]!;
    const severityWord = SEVERITY[fleet.severity[row]!]!;
    const areaWord = fleet.area[row] ?? NO_AREA;
    const labels = fleet.labels[row]!;
    const okStatus = status.size === 0 || status.has(presenceWord);
    const okSeverity = severity.size === 0 || severity.has(severityWord);
    const okArea = area.size === 0 || area.has(areaWord);
    const okLabel = label.size === 0 || labels.some((word) => label.has(word));
    if (okSeverity && okArea && okLabel) add(counts.status, presenceWord);
    if (okStatus && okArea && okLabel) add(counts.severity, severityWord);
    if (okStatus && okSeverity && okLabel) add(counts.area, areaWord);
    if (okStatus && okSeverity && okArea) for (const word of labels) add(counts.label, word);
    if (okStatus && okSeverity && okArea && okLabel) order[kept++] = row;
  }
  return { order: sorted(fleet, order.subarray(0, kept), sort), counts };
}

/** A number per row; rows without one (NaN) come last in both directions. */
function keyOf(fleet: Fleet, key: string): ((row: number) => number) | null {
  if (key === 'alert')
    return (row) => fleet.severity[row]! + (fleet.presence[row] ? 0.1 * fleet.presence[row]! : 0);
  if (key === 'presence') return (row) => fleet.presence[row]!;
  if (key === 'seen') return (row) => fleet.seen[row]! || NaN;
  if (key === 'reading') return (row) => fleet.mainColumn(row)?.values[row] ?? NaN;
  if (key.startsWith('m.')) {
    const column = fleet.column(key.slice(2));
    return (row) => column?.values[row] ?? NaN;
  }
  return null;
}

function sorted(fleet: Fleet, rows: Int32Array, sort: Sort): Int32Array {
  const list = Array.from(rows);
  const sign = sort.descending ? -1 : 1;
  const number = keyOf(fleet, sort.key);
  if (number) {
    const keys = new Float64Array(fleet.size);
    for (const row of list) keys[row] = number(row);
    const grouped = byGroups(list, keys, sign);
    if (grouped) return grouped;
    list.sort((a, b) => {
      const x = keys[a]!;
      const y = keys[b]!;
      if (x === y) return 0;
      if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : 1;
      if (Number.isNaN(y)) return -1;
      return sign * (x - y);
    });
  } else if (sort.key === 'name') {
    if (sort.descending) list.reverse();
  } else {
    const words = sort.key === 'area' ? fleet.area : sort.key === 'model' ? fleet.model : fleet.dialect;
    list.sort((a, b) => {
      const x = words[a];
      const y = words[b];
      if (x === y) return 0;
      if (x === null || x === undefined) return 1;
      if (y === null || y === undefined) return -1;
      return sign * (x < y ? -1 : 1);
    });
  }
  return Int32Array.from(list);
}

/** Bucket sort for few distinct keys (states, severities), in one pass. Null if there are many. */
function byGroups(rows: readonly number[], keys: Float64Array, sign: number): Int32Array | null {
  const MOST = 16;
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const key = keys[row]!;
    const group = groups.get(key);
    if (group) group.push(row);
    else if (groups.size >= MOST || Number.isNaN(key)) return null;
    else groups.set(key, [row]);
  }
  const order = [...groups.keys()].sort((a, b) => sign * (a - b));
  return Int32Array.from(order.flatMap((key) => groups.get(key)!));
}

/** Return whether new readings can change this order, so that it must be sorted again from time to time. */
export const isLive = (sort: Sort): boolean =>
  sort.key === 'seen' || sort.key === 'reading' || sort.key.startsWith('m.');
