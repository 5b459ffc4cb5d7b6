// Suggest the ends of a gauge: ask the hub for the limits and the past week of its metric.

import { post } from '../api/http';
import type { HistoryAnswer, TileSeries } from '../api/types';
import { fleet, session } from '../live/session.svelte';
import { deviceDetails } from './devices.svelte';
import { gaugeEnds } from './gaugeEnds';

const PAST_MS = 7 * 86_400_000;
const BUCKETS = 50;

/** Return minimum and maximum in the device's unit. Throws HubError. */
export async function suggestEnds({ device_id, metric }: TileSeries): Promise<[number, number]> {
  const to = Math.round(session.hubNow());
  const body = { from: to - PAST_MS, to, buckets: BUCKETS, series: [{ device_id, metric }] };
  const [device, past] = await Promise.all([
    deviceDetails.load(device_id),
    post<HistoryAnswer>('/api/history/query', body),
  ]);
  const limits = device.limits
    .filter((limit) => limit.metric === metric)
    .flatMap(({ above, below }) => [above, below])
    .filter((each) => typeof each === 'number');
  const values = (past.series[0]?.points ?? []).flatMap((point) =>
    point.length === 5 ? [point[1], point[3]] : typeof point[1] === 'number' ? [point[1]] : [],
  );
  const column = fleet.column(metric);
  const row = fleet.handle(device_id);
  const latest = column?.values[row] ?? NaN;
  const all = [...values, latest].filter(Number.isFinite);
  const range = all.length ? [Math.min(...all), Math.max(...all)] : [];
  return gaugeEnds(column?.unit[row] ?? null, range, limits);
}
