// The columns of the fleet's list: which there are, how wide, and what they hold. A metric of any device can
// be a column too, under the key `m.<metric>`.

import { metricName } from '../lib/format';
import type { Fleet } from '../live/fleet';
import { T } from '../texts';

export interface ColumnSpec {
  key: string;
  title: string;
  /** A CSS grid track. */
  track: string;
  /** The narrowest it may be, CSS px. */
  least: number;
  right: boolean;
  sortable: boolean;
}

/** A column at least `least` px wide that takes `share` of what is left over. */
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

/** The columns that `keys` (from the URL, or none) name, in the order of the catalogue, metrics last. */
export function columnsOf(keys: readonly string[], fleet: Fleet): ColumnSpec[] {
  const wanted = new Set(keys.length ? keys : DEFAULT_COLUMNS);
  const metrics = [...wanted]
    .filter((key) => key.startsWith('m.'))
    .map((key) => spec(key, fleet.column(key.slice(2))?.title() ?? metricName(key.slice(2)), 104, 0, true));
  return [...COLUMNS.filter((column) => wanted.has(column.key)), ...metrics];
}

/** The metrics that can be columns, by their titles. */
export const columnChoices = (fleet: Fleet): { metric: string; title: string }[] =>
  fleet.columns
    .map((column) => ({ metric: column.metric, title: column.title() }))
    .sort((a, b) => a.title.localeCompare(b.title, 'en', { numeric: true }));

/** The glyph's column, and what lies between and beside the columns, CSS px. */
const GLYPH = 22;
const GAP = 12;

export const widthOf = (columns: readonly ColumnSpec[]): number =>
  columns.reduce((sum, column) => sum + column.least + GAP, GLYPH + NAME.least + 3 * GAP);

/** The first to go where a list that nobody has arranged is too narrow for all. */
const DISPENSABLE = ['area', 'spark', 'seen'];

/** What of `columns` is shown in `width` px. Columns that a person chose all stay, and the list scrolls sideways. */
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
