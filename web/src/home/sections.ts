// Areas of the Home page with their devices, and the summary above them. Pure.

import { ONLINE } from '../live/protocol';
import { isOn, isOpen, isRoom, type HomeDevice } from './device';
import { KINDS } from './kinds';

export interface Section {
  /** Name of the area; null for devices without one. */
  area: string | null;
  devices: HomeDevice[];
}

const { compare } = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

/** Return the areas that have devices: in the `order` of the hub's areas, then those that devices announce by name, and the
 *  devices without an area last. Within an area, devices of `first` come first, in its order. */
export function sectionsOf(
  devices: readonly HomeDevice[],
  order: readonly string[],
  first: readonly string[] = [],
): Section[] {
  const byArea = new Map<string | null, HomeDevice[]>();
  for (const device of devices) {
    const found = byArea.get(device.area);
    if (found) found.push(device);
    else byArea.set(device.area, [device]);
  }
  const place = new Map(order.map((name, k) => [name, k]));
  const placeOf = (area: string | null): number =>
    area === null ? Infinity : (place.get(area) ?? order.length);
  const rank = new Map(first.map((id, k) => [id, k]));
  const rankOf = ({ id }: HomeDevice): number => rank.get(id) ?? first.length;
  return [...byArea]
    .map(([area, found]) => ({
      area,
      devices: found.sort((a, b) => rankOf(a) - rankOf(b) || byKind(a, b)),
    }))
    .sort((a, b) => placeOf(a.area) - placeOf(b.area) || compare(a.area ?? '', b.area ?? ''));
}

const byKind = (a: HomeDevice, b: HomeDevice): number =>
  KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compare(a.name, b.name);

/** Parts of the summary that choose devices. */
export const SHOWN = ['lights', 'openings', 'climate', 'power', 'alerts'] as const;
export type Shown = (typeof SHOWN)[number];

/** Return whether a device belongs to a part of the summary. */
export function belongsTo(device: HomeDevice, shown: Shown, hasAlert: (id: string) => boolean): boolean {
  switch (shown) {
    case 'lights':
      return device.kind === 'light';
    case 'openings':
      return device.openings.length > 0;
    case 'climate':
      return hasClimate(device);
    case 'power':
      return device.power !== undefined;
    case 'alerts':
      return hasAlert(device.id);
  }
}

const hasClimate = ({ kind, temperature }: HomeDevice): boolean =>
  temperature !== undefined && ['climate', 'temperature', 'humidity', 'air', 'motion'].includes(kind);

export interface Summary {
  lights: { on: number; all: number };
  openings: { open: number; all: number };
  /** Lowest and highest temperature of the rooms, in the unit in which they are shown. */
  climate: { low: number; high: number; unit: string; rooms: number } | null;
  /** In watts, over all devices that measure it. */
  power: { watts: number; devices: number } | null;
}

const WATTS: Record<string, number> = { W: 1, kW: 1000, MW: 1_000_000 };

/** Return the summary of `devices`. Values of devices that are not online are old: they do not count. */
export function summaryOf(devices: readonly HomeDevice[], presence: ArrayLike<number>): Summary {
  const now = devices.filter(({ row }) => presence[row] === ONLINE);
  const lights = now.filter(({ kind }) => kind === 'light');
  const openings = now.flatMap(({ openings, row }) => openings.map((column) => isOpen(column, row)));
  const rooms = now.filter((device) => hasClimate(device) && isRoom(device));
  const unit = rooms[0] && rooms[0].temperature!.unitText(rooms[0].row);
  const degrees = rooms
    .filter(({ temperature, row }) => temperature!.unitText(row) === unit)
    .map(({ temperature, row }) => temperature!.shown(row));
  const powers = now
    .filter(({ power, row }) => power && WATTS[power.unit[row] ?? ''])
    .map(({ power, row }) => power!.values[row]! * WATTS[power!.unit[row]!]!);
  return {
    lights: { on: lights.filter(({ main, row }) => isOn(main, row)).length, all: lights.length },
    openings: { open: openings.filter(Boolean).length, all: openings.length },
    climate: unit
      ? { low: Math.min(...degrees), high: Math.max(...degrees), unit, rooms: degrees.length }
      : null,
    power: powers.length
      ? { watts: powers.reduce((sum, each) => sum + each, 0), devices: powers.length }
      : null,
  };
}
