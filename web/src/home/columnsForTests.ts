// Columns of one device for tests.

import { Column } from '../live/column';
import type { MetricFacts, Value } from '../live/protocol';

type Sample = [
  metric: string,
  value: Value,
  deviceClass?: string | null,
  unit?: string | null,
  category?: MetricFacts['category'],
];

/** Return the columns of a device in row 0, in display order. */
export const columnsOf = (...samples: Sample[]): Column[] =>
  samples.map(([metric, value, device_class = null, unit = null, category = 'primary'], rank) => {
    const column = new Column(metric, rank, 1);
    column.set(0, value);
    column.unit[0] = unit;
    column.describe(0, { title: metric, device_class, category, rank, hidden: false });
    return column;
  });
