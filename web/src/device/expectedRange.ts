// The band in which a metric is expected, as the hub learnt it from the device's own past. Pure but for the request.

import { get } from '../api/http';
import type { ExpectedBand } from '../api/types';

export interface Band {
  /** `[ts, low, high]`, epoch ms, rising; never empty. */
  points: [number, number, number][];
  learntFrom: number;
  learntTo: number;
  readings: number;
}

const PARTS = 60;

/** The band between two times (epoch ms), or null where the hub cannot tell what is normal. */
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
  return {
    points: answer.points,
    learntFrom: answer.learnt_from,
    learntTo: answer.learnt_to,
    readings: answer.readings,
  };
}

/** Its lowest and highest edge between two times, or null where it does not reach. */
export function reachOf(band: Band, from: number, to: number): [number, number] | null {
  const inside = band.points.filter(([ts]) => ts >= from && ts <= to);
  if (!inside.length) return null;
  return [Math.min(...inside.map(([, low]) => low)), Math.max(...inside.map(([, , high]) => high))];
}
