// What a device is, from its metrics: a light, a door, a thermostat. Decides its icon, its place in an area and the metric that
// represents it on the Home page. Pure.

import type { Column } from '../live/column';
import { BOOLEAN, NUMBER } from '../live/column';
import type { IconName } from '../ui/icons';

/** In the order in which the devices of an area are shown. */
export const KINDS = [
  'light',
  'switch',
  'fan',
  'cover',
  'lock',
  'climate',
  'door',
  'window',
  'motion',
  'presence',
  'smoke',
  'moisture',
  'temperature',
  'humidity',
  'air',
  'illuminance',
  'energy',
  'battery',
  'level',
  'pressure',
  'remote',
  'other',
] as const;
export type DeviceKind = (typeof KINDS)[number];

export const KIND_ICONS: Record<DeviceKind, IconName> = {
  light: 'light',
  switch: 'plug',
  fan: 'fan',
  cover: 'cover',
  lock: 'lock',
  climate: 'thermostat',
  door: 'door',
  window: 'window',
  motion: 'motion',
  presence: 'person',
  smoke: 'flame',
  moisture: 'drop',
  temperature: 'thermometer',
  humidity: 'drop',
  air: 'air',
  illuminance: 'sun',
  energy: 'bolt',
  battery: 'battery',
  level: 'level',
  pressure: 'thermostat',
  remote: 'remote',
  other: 'device',
};

const BY_CLASS: Record<string, DeviceKind> = {
  smoke: 'smoke',
  gas: 'smoke',
  carbon_monoxide: 'smoke',
  safety: 'smoke',
  moisture: 'moisture',
  door: 'door',
  garage_door: 'door',
  opening: 'door',
  contact: 'door',
  window: 'window',
  lock: 'lock',
  locked: 'lock',
  motion: 'motion',
  occupancy: 'motion',
  moving: 'motion',
  presence: 'presence',
  temperature: 'temperature',
  humidity: 'humidity',
  carbon_dioxide: 'air',
  aqi: 'air',
  pm1: 'air',
  pm25: 'air',
  pm10: 'air',
  volatile_organic_compounds: 'air',
  volatile_organic_compounds_parts: 'air',
  illuminance: 'illuminance',
  power: 'energy',
  energy: 'energy',
  voltage: 'energy',
  current: 'energy',
  battery: 'battery',
  charge: 'battery',
  pressure: 'pressure',
  atmospheric_pressure: 'pressure',
};
/** Classes that say what a sensor is for, whatever else it can switch or measure. */
const SENSORS: ReadonlySet<DeviceKind> = new Set(['smoke', 'moisture', 'door', 'window', 'lock', 'motion']);

/** Words in the names of devices and metrics, in the languages of the page. */
const LIGHT = /\b(lights?|lamps?|bulbs?|leds?|licht\w*|\w*lampe|\w*leuchte|luz|luces|l[aá]mpara|bombilla)\b/i;
const FAN = /\b(fans?|lüfter|ventilator|ventilador)\b/i;
const COVER =
  /\b(covers?|blinds?|shutters?|curtains?|awnings?|shades?|rollladen|rolladen|jalousien?|vorhang|markise|persianas?|cortinas?|toldo)\b/i;
const SETPOINT = /setpoint|current_temperature|target_temperature/i;
const DIMMING = /^(brightness|color_temp|color_temperature|dimmer)$/;
const SPEED = /^(percentage|oscillating|fan_mode|fan_speed|fan_state)$/;

const lastPart = (metric: string): string => metric.slice(metric.lastIndexOf('.') + 1).toLowerCase();
const words = (text: string): string => text.replace(/[_.\-/]+/g, ' ');

export const classOf = (column: Column, row: number): string | null =>
  column.facts[row]?.device_class ?? null;

/** Return whether a metric is shown without unfolding: diagnostic values and settings are not. */
export const isMain = (column: Column, row: number): boolean => {
  const category = column.facts[row]?.category ?? 'primary';
  return category === 'primary' || category === 'further';
};

const isSwitch = (column: Column, row: number): boolean =>
  classOf(column, row) === 'switch' && column.kind[row] === BOOLEAN;

/** Return the kind of the device in `row` called `name`, from its metrics in display order. */
export function kindOf(name: string, columns: readonly Column[], row: number): DeviceKind {
  const shown = columns.filter((column) => isMain(column, row));
  const parts = shown.map((column) => lastPart(column.metric));
  const named = [name, ...shown.map((column) => `${column.metric} ${column.title(row)}`)]
    .map(words)
    .join(' ');
  const switched = shown.some((column) => isSwitch(column, row));
  const sensed = BY_CLASS[classOf(shown[0] ?? columns[0]!, row) ?? ''];

  if (switched && parts.some((part) => DIMMING.test(part))) return 'light';
  if (shown.some((column) => SETPOINT.test(column.metric) && column.kind[row] === NUMBER)) return 'climate';
  if (sensed && SENSORS.has(sensed)) return sensed;
  if (parts.includes('position') || (COVER.test(named) && !switched)) return 'cover';
  if (switched && (FAN.test(named) || parts.some((part) => SPEED.test(part)))) return 'fan';
  if (switched) return LIGHT.test(named) ? 'light' : 'switch';
  if (parts[0] === 'action') return 'remote';
  if (parts[0] === 'level') return 'level';
  return sensed ?? 'other';
}

/** Return the metric that represents the device: its state if it is switched or moved, otherwise the first. */
export function mainOf(kind: DeviceKind, columns: readonly Column[], row: number): Column | undefined {
  if (kind === 'cover')
    return columns.find((column) => isMain(column, row) && column.kind[row] !== NUMBER) ?? columns[0];
  const switched = kind === 'light' || kind === 'switch' || kind === 'fan';
  return (
    (switched ? columns.find((column) => isMain(column, row) && isSwitch(column, row)) : undefined) ??
    columns[0]
  );
}
