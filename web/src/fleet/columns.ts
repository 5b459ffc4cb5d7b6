// Columns of the device list: keys, widths and content. Each metric can be a column too, with the key
// `m.<metric>`.

import { metricName } from '../lib/format';
import type { Fleet } from '../live/fleet';
import { T } from '../texts';

export interface ColumnSpec {
  key: string;
  title: string;
  /** A CSS grid track. */
  track: string;
  /** Minimum width, CSS px. */
  least: number;
  right: boolean;
  sortable: boolean;
}

/** Return a column at least `least` px wide that takes `share` of the remaining width. */
const spec = (key: string, title: string, least: number, share = 0, right = false, sortable = true): ColumnSpec => ({
  key,
  title,
  track: share ? `minmax(${least}px, ${share}fr)` : `${least}px`,
  least,
  right,
  sortable,
}); // prettier-ignore

export const NAME = spec('name', T.fleet.cols.name, 158, 2);

export const COLUMNS: ColumnSpec[] = [
  spec('area', T.fleet.cols.area, 84, 0.7),
  spec('model', T.fleet.cols.model, 78, 0.7),
  spec('reading', T.fleet.cols.reading, 168, 1, true),
  spec('spark', T.fleet.cols.spark, 118, 0, false, false),
  spec('alert', T.fleet.cols.alert, 112),
  spec('presence', T.fleet.cols.presence, 72),
  spec('labels', T.fleet.cols.labels, 80, 0.7, false, false),
  spec('dialect', T.fleet.cols.dialect, 90),
  spec('seen', T.fleet.cols.seen, 48, 0, true),
];

export const DEFAULT_COLUMNS = ['area', 'reading', 'spark', 'alert', 'seen'];

/** Return the columns of `keys` (from the URL, may be empty) in catalogue order, metrics last. */
export function columnsOf(keys: readonly string[], fleet: Fleet): ColumnSpec[] {
  const wanted = new Set(keys.length ? keys : DEFAULT_COLUMNS);
  const metrics = [...wanted]
    .filter((key) => key.startsWith('m.'))
    .map((key) => spec(key, fleet.column(key.slice(2))?.title() ?? metricName(key.slice(2)), 104, 0, true));
  return [...COLUMNS.filter((column) => wanted.has(column.key)), ...metrics];
}

/** Return the metrics that can be columns, by title. */
export const columnChoices = (fleet: Fleet): { metric: string; title: string }[] =>
  fleet.columns
    .map((column) => ({ metric: column.metric, title: column.title() }))
    .sort((a, b) => a.title.localeCompare(b.title, 'en', { numeric: true }));

/** Width of the status glyph, gaps and padding, CSS px. */
const GLYPH = 22;
const GAP = 12;

export const widthOf = (columns: readonly ColumnSpec[]): number =>
  columns.reduce((sum, column) => sum + column.least + GAP, GLYPH + NAME.least + 3 * GAP);

/** Columns to hide first if the list is too narrow, unless the user chose columns. */
const DISPENSABLE = ['area', 'spark', 'seen'];

/** Return the columns shown in `width` px. Columns chosen by the user all stay, and the list scrolls horizontally. */
export function fitting(columns: readonly ColumnSpec[], width: number, chosen: boolean): ColumnSpec[] {
  let kept = [...columns];
  for (const key of chosen ? [] : DISPENSABLE) {
    if (widthOf(kept) <= width) break;
    kept = kept.filter((column) => column.key !== key);
  }
  return kept;
}

export const tracksOf = (columns: readonly ColumnSpec[]): string =>
  [`${GLYPH}px`, NAME.track, ...columns.map((column) => column.track)].join(' ');
