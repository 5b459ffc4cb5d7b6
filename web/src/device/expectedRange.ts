// The normal range of a metric, learned by the hub from the device's history. Pure, except for the request.

import { get } from '../api/http';
import type { ExpectedBand } from '../api/types';
import { shownValue } from '../lib/units';

export interface Band {
  /** `[ts, low, high]`, epoch ms, in the person's unit, ascending; never empty. */
  points: [number, number, number][];
  learnedFrom: number;
  learnedTo: number;
  readings: number;
}

const PARTS = 60;

/** Fetch the range between two times (epoch ms); null if the hub does not know it. */
export async function loadBand(
  device: string,
  metric: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Band | null> {
  // prettier-ignore
  const query = new URLSearchParams({ metric, from: String(Math.round(from)), to: String(Math.round(to)), buckets: String(PARTS) });
  const path = `/api/devices/${encodeURIComponent(device)}/expected?${query}`;
  const answer = await get<ExpectedBand>(path, signal);
  if (!answer.points.length || answer.learnt_from === null || answer.learnt_to === null) return null;
  const shown = (value: number): number => shownValue(value, answer.unit);
  return {
    points: answer.points.map(([ts, low, high]) => [ts, shown(low), shown(high)]),
    learnedFrom: answer.learnt_from,
    learnedTo: answer.learnt_to,
    readings: answer.readings,
  };
}

/** Return the lowest and highest edge between two times, or null if there is none. */
export function reachOf(band: Band, from: number, to: number): [number, number] | null {
  const inside = band.points.filter(([ts]) => ts >= from && ts <= to);
  if (!inside.length) return null;
  return [Math.min(...inside.map(([, low]) => low)), Math.max(...inside.map(([, , high]) => high))];
}
