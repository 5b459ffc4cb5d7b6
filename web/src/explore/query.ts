// What the explore page shows, as its address: series, axes and time range. Pure.

import type { TileSeries } from '../api/types';
import { RANGES, type Range, type Window } from '../device/history';
import { MOST_SERIES } from '../series/refs';

/** Return the series of an address: `s=l:device/metric` with encoded parts, `r` for the right axis. */
export function seriesOf(query: URLSearchParams): TileSeries[] {
  const found = new Map<string, TileSeries>();
  for (const text of query.getAll('s')) {
    const [, side, device, metric] = /^([lr]):([^/]+)\/(.+)$/.exec(text) ?? [];
    if (device && metric)
      found.set(`${device}/${metric}`, {
        device_id: decoded(device),
        metric: decoded(metric),
        axis: side === 'r' ? 'right' : 'left',
      });
  }
  return [...found.values()].slice(0, MOST_SERIES);
}

export const paramsOf = (series: readonly TileSeries[]): string[] =>
  series.map(
    ({ device_id, metric, axis }) =>
      `${axis === 'right' ? 'r' : 'l'}:${encodeURIComponent(device_id)}/${encodeURIComponent(metric)}`,
  );

/** Return the address of the explore page for series and a time range. */
export function exploreHref(series: readonly TileSeries[], window: Window): string {
  const query = new URLSearchParams(paramsOf(series).map((text) => ['s', text]));
  if (!('live' in window)) {
    query.set('from', String(Math.round(window.from)));
    query.set('to', String(Math.round(window.to)));
  } else if (window.live !== '1h') query.set('range', window.live);
  return `/explore?${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export interface Span {
  from: number;
  to: number;
}

/** Move a range by a share of its width, negative for back; not beyond `now`. */
export function panned({ from, to }: Span, share: number, now: number): Span {
  const by = Math.min(share * (to - from), Math.max(0, now - to));
  return { from: from + by, to: to + by };
}

const SHORTEST_MS = 10_000;
const LONGEST_MS = 10 * 366 * 86_400_000;

/** Widen (2) or narrow (0.5) a range around its middle; not beyond `now`. */
export function zoomed({ from, to }: Span, factor: number, now: number): Span {
  const width = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (to - from) * factor));
  const end = Math.min(now, (from + to + width) / 2);
  return { from: Math.max(1, end - width), to: end };
}

/** Return the range of a tile that shows about as much. */
export function tileRange(window: Window): Range {
  if ('live' in window) return window.live;
  const width = window.to - window.from;
  return (Object.keys(RANGES) as Range[]).find((range) => RANGES[range] >= width) ?? '7d';
}
