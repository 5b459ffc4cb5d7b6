// Tiles of a dashboard: their kinds, default sizes and titles.

import type { Dashboard, Tile, TileSeries } from '../api/types';
import { metricName } from '../lib/format';
import { fleet, session } from '../live/session.svelte';
import { T } from '../texts';

export type TileKind = Tile['kind'];
export type Shared = Dashboard['shared'];

/** In the order of the menu; width and height of a new tile. */
export const SIZES: Record<TileKind, { w: number; h: number }> = {
  value: { w: 3, h: 3 },
  chart: { w: 6, h: 6 },
  gauge: { w: 3, h: 4 },
  states: { w: 6, h: 4 },
  map: { w: 6, h: 7 },
  alerts: { w: 4, h: 6 },
  text: { w: 3, h: 3 },
  control: { w: 4, h: 3 },
  device: { w: 3, h: 4 },
};
export const KINDS = Object.keys(SIZES) as TileKind[];
/** Kinds with one metric, and with several. */
export const ONE: readonly TileKind[] = ['value', 'gauge'];
export const SEVERAL: readonly TileKind[] = ['chart', 'states'];
export const MOST_SERIES = 8;

/** Return an id that no other tile has. */
const freshId = (): string => crypto.getRandomValues(new Uint32Array(2)).join('-');

export const newTile = (kind: TileKind, fields: Partial<Tile> = {}): Tile => ({
  id: freshId(),
  kind,
  x: 0,
  y: 0,
  ...SIZES[kind],
  title: '',
  series: [],
  device_id: null,
  command: null,
  text: '',
  range: '1h',
  minimum: null,
  maximum: null,
  no_access: false,
  ...fields,
});

/** Names follow changes of the fleet: reading `members` makes them reactive. */
export function deviceName(id: string): string {
  void session.members;
  return fleet.name[fleet.handle(id)] ?? id;
}
export const seriesName = ({ device_id, metric }: TileSeries): string =>
  `${deviceName(device_id)} · ${fleet.titleOf(device_id, metric)}`;

/** Return the title of a tile: its own, otherwise made of what it shows. */
export function titleOf(tile: Tile): string {
  if (tile.no_access) return T.dashboards.noAccess;
  if (tile.title) return tile.title;
  if (tile.series.length) return namesOf(tile.series);
  if (tile.kind === 'control') return `${deviceName(tile.device_id!)} · ${metricName(tile.command!)}`;
  if (tile.device_id) return deviceName(tile.device_id);
  return T.dashboards.kinds[tile.kind];
}

/** Return a short name for several series: what they have in common is named once. */
function namesOf(series: readonly TileSeries[]): string {
  const devices = [...new Set(series.map((each) => deviceName(each.device_id)))];
  const metrics = [...new Set(series.map((each) => fleet.titleOf(each.device_id, each.metric)))];
  return `${devices.join(', ')} · ${metrics.join(', ')}`;
}
