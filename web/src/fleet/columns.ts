// The columns of the fleet's list: which there are, how wide, and what they hold. A metric of any device can
// be a column too, under the key `m.<metric>`.

import { metricName } from '../lib/format';
import { T } from '../texts';

export interface ColumnSpec {
  key: string;
  title: string;
  /** A CSS grid track. */
  track: string;
  right: boolean;
  sortable: boolean;
}

const spec = (key: string, title: string, track: string, right = false, sortable = true): ColumnSpec => ({
  key,
  title,
  track,
  right,
  sortable,
});

export const NAME = spec('name', T.fleet.cols.name, 'minmax(150px, 1.6fr)');

export const COLUMNS: ColumnSpec[] = [
  spec('area', T.fleet.cols.area, 'minmax(78px, 0.7fr)'),
  spec('model', T.fleet.cols.model, 'minmax(78px, 0.7fr)'),
  spec('reading', T.fleet.cols.reading, 'minmax(172px, 1.1fr)', true),
  spec('spark', T.fleet.cols.spark, '118px', false, false),
  spec('alert', T.fleet.cols.alert, '122px'),
  spec('presence', T.fleet.cols.presence, '72px'),
  spec('labels', T.fleet.cols.labels, 'minmax(80px, 0.7fr)', false, false),
  spec('dialect', T.fleet.cols.dialect, '90px'),
  spec('seen', T.fleet.cols.seen, '52px', true),
];

export const DEFAULT_COLUMNS = ['area', 'reading', 'spark', 'alert', 'seen'];

/** The columns that `keys` (from the URL, or none) name, in the order of the catalogue, metrics last. */
export function columnsOf(keys: readonly string[]): ColumnSpec[] {
  const wanted = new Set(keys.length ? keys : DEFAULT_COLUMNS);
  const metrics = [...wanted]
    .filter((key) => key.startsWith('m.'))
    .map((key) => spec(key, metricName(key.slice(2)), '104px', true));
  return [...COLUMNS.filter((column) => wanted.has(column.key)), ...metrics];
}
