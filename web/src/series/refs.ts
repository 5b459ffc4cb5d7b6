// Several metrics of several devices: their data, colours and statistics. Pure, except for the request.

import { post } from '../api/http';
import type { HistoryAnswer, Series, TileSeries } from '../api/types';
import { traceOf, type Trace } from '../device/history';

export const MOST_SERIES = 8;
/** Colours of series, by place. */
export const SERIES_TOKENS = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6', '--series-7', '--series-8'] as const; // prettier-ignore

export const keyOf = ({ device_id, metric }: TileSeries): string => JSON.stringify([device_id, metric]);

/** Return the axis for a further series: the first one that has the same unit or is empty. If there is none, the left one. */
export function axisFor<T extends Pick<TileSeries, 'device_id' | 'metric'>>(
  series: readonly TileSeries[],
  added: T,
  unitOf: (series: Pick<TileSeries, 'device_id' | 'metric'>) => string | null,
): TileSeries['axis'] {
  const unit = unitOf(added);
  const fits = (side: TileSeries['axis']): boolean =>
    series.every((each) => each.axis !== side || unitOf(each) === unit);
  return (['left', 'right'] as const).find(fits) ?? 'left';
}

/** Fetch series between two times (epoch ms), in at most `buckets` buckets each, in one request. */
export async function loadSeries(
  series: readonly TileSeries[],
  from: number,
  to: number,
  buckets: number,
  signal: AbortSignal,
): Promise<Trace[]> {
  const answer = await query(series, { from, to, buckets }, signal);
  return answer.map((each) => traceOf(each, (to - from) / buckets));
}

/** Fetch states between two times (epoch ms), in at most `most` points each, in one request. */
export const loadStateSeries = (
  series: readonly TileSeries[],
  from: number,
  to: number,
  most: number,
  signal: AbortSignal,
): Promise<Series[]> => query(series, { from, to, buckets: most, shape: 'states' }, signal);

async function query(
  series: readonly TileSeries[],
  { from, to, ...rest }: { from: number; to: number; buckets: number; shape?: 'states' },
  signal: AbortSignal,
): Promise<Series[]> {
  const body = {
    from: Math.round(from),
    to: Math.round(to),
    ...rest,
    series: series.map(({ device_id, metric }) => ({ device_id, metric })),
  };
  return (await post<HistoryAnswer>('/api/history/query', body, signal)).series;
}

export interface Statistics {
  min: number | null;
  /** Mean over the time, not over the readings. */
  mean: number | null;
  max: number | null;
  last: number | null;
}

/** Return the statistics of the points between two times (epoch ms). */
export function statisticsOf(trace: Trace, from: number, to: number): Statistics {
  let [min, max, sum, count] = [Infinity, -Infinity, 0, 0];
  let last: number | null = null;
  for (let k = 0; k < trace.ts.length; k++) {
    const ts = trace.ts[k]! * 1000;
    const mean = trace.mean[k];
    if (mean == null || ts < from || ts > to) continue;
    min = Math.min(min, trace.low[k]!);
    max = Math.max(max, trace.high[k]!);
    sum += mean;
    count++;
    last = mean;
  }
  return count ? { min, mean: sum / count, max, last } : { min: null, mean: null, max: null, last: null };
}
