// What the explore page shows, as CSV: a row per time, with the mean of each metric in that part of the range. Pure.

import type { TileSeries } from '../api/types';
import { seriesName } from '../dashboards/tile';
import type { Trace } from '../device/history';
import { cell } from '../fleet/csv';
import { columnsOf } from '../series/plot';

export function tableOf(series: readonly TileSeries[], traces: readonly Trace[]): string {
  const titles = series.map((each, k) => {
    const unit = traces[k]?.unit;
    return unit ? `${seriesName(each)} (${unit})` : seriesName(each);
  });
  const [times, ...columns] = columnsOf(traces);
  const lines = [['time', ...titles].map(cell).join(',')];
  for (let k = 0; k < (times?.length ?? 0); k++) {
    const values = columns.map((column) => column[k] ?? null);
    if (values.some((value) => value !== null))
      lines.push([new Date(times![k]! * 1000).toISOString(), ...values].map(cell).join(','));
  }
  return lines.join('\r\n') + '\r\n';
}
