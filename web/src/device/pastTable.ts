// History of a metric as a table with rows of a suitable duration, and all readings as CSV. Pure, except for the requests.

import { get } from '../api/http';
import type { History } from '../api/types';
import { cell } from '../fleet/csv';

/** The parts of an answer that the table uses. */
export type Past = Pick<History, 'metric' | 'unit' | 'points'>;

const MINUTE = 60_000;
/** Possible durations of a row. */
const STEPS = [MINUTE, 5 * MINUTE, 15 * MINUTE, 60 * MINUTE, 6 * 60 * MINUTE, 24 * 60 * MINUTE];
/** Maximum number of rows. */
const MOST_LINES = 100;
/** Up to this time range, each reading has its own row. */
const EACH_UP_TO = 15 * MINUTE;

/** Return the duration of a row in ms; null if each reading has its own row. */
export function stepOf(span: number, isText: boolean): number | null {
  if (isText || span <= EACH_UP_TO) return null;
  return STEPS.find((step) => span / step <= MOST_LINES) ?? STEPS.at(-1)!;
}

/** Fetch the history from `from` to `to` (epoch ms), in steps aligned to the clock, or reading by reading. */
export function loadPast(
  device: string,
  metric: string,
  from: number,
  to: number,
  step: number | null,
  signal?: AbortSignal,
): Promise<Past> {
  const first = step ? Math.floor(from / step) * step : Math.round(from);
  const last = step ? Math.ceil(to / step) * step : Math.round(to);
  const query = new URLSearchParams({ metric, from: String(first), to: String(last) });
  if (step) query.set('buckets', String((last - first) / step));
  return get<History>(`/api/devices/${encodeURIComponent(device)}/history?${query}`, signal);
}

/** Return all readings as CSV, one per row, oldest first, times in UTC. */
export function csvOf(device: string, history: Past): string {
  const lines = ['time,device,metric,value,unit'];
  for (const point of history.points) {
    const time = new Date(point[0]).toISOString();
    lines.push([time, device, history.metric, point[1], history.unit].map(cell).join(','));
  }
  return lines.join('\r\n') + '\r\n';
}
