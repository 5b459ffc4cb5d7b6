// A device as the Home page shows it: which metrics are on the face of its card and which are folded away, and what it adds to
// the summary. Pure.

import { BOOLEAN, NUMBER, TEXT, type Column } from '../live/column';
import { number } from '../lib/format';
import { T } from '../texts';
import { classOf, isMain, kindOf, mainOf, type DeviceKind } from './kinds';

export interface HomeDevice {
  row: number;
  id: string;
  name: string;
  area: string | null;
  kind: DeviceKind;
  /** The metric that represents the device. */
  main: Column | undefined;
  /** Further values, for the face of the card. */
  further: Column[];
  /** Diagnostic values, settings, and parts of a colour: folded away. */
  folded: Column[];
  /** Contacts and doors, which are open or closed. */
  openings: Column[];
  temperature: Column | undefined;
  power: Column | undefined;
  battery: Column | undefined;
}

/** Number of further values on a card. */
export const MOST_FURTHER = 4;
/** In percent; the page Device health uses the same limit. */
export const BATTERY_LOW = 20;

const OPENINGS = new Set(['door', 'garage_door', 'opening', 'contact', 'window']);
/** They raise an alarm while they are true. */
const ALARMS = new Set(['smoke', 'gas', 'carbon_monoxide', 'safety', 'moisture', 'problem', 'tamper']);
/** Parts of a light's colour: numbers that say nothing to a person. */
const TUNING =
  /(^|[._])(color|colour|color_mode|color_temp|effect|transition|x|y|hue|saturation|rgb\w*|hs|xy)([._]|$)/i;
/** Names of places outside, and of appliances that cool: their temperatures are not those of rooms. */
const NOT_A_ROOM =
  /outdoor|outside|garden|terrace|balcony|freezer|fridge|refrigerator|au(ß|ss)en|garten|terrasse|balkon|gefrier|kühlschrank|exterior|jard[ií]n|terraza|balc[oó]n|congelador|nevera|frigor/i;

/** Return the device in `row` with its metrics `columns`, which are in display order. */
export function homeDevice(
  facts: { row: number; id: string; name: string; area: string | null },
  columns: readonly Column[],
): HomeDevice {
  const { row } = facts;
  const kind = columns.length ? kindOf(facts.name, columns, row) : 'other';
  const main = mainOf(kind, columns, row);
  const others = columns.filter((column) => column !== main);
  const further = others.filter((column) => isMain(column, row) && !TUNING.test(column.metric));
  const ofClass = (name: string): Column | undefined =>
    columns.find(
      (column) => classOf(column, row) === name && column.kind[row] === NUMBER && isMain(column, row),
    );
  return {
    ...facts,
    kind,
    main,
    further,
    folded: others.filter((column) => !further.includes(column)),
    openings: columns.filter((column) => OPENINGS.has(classOf(column, row) ?? '') && isMain(column, row)),
    temperature: ofClass('temperature'),
    power: ofClass('power'),
    battery: columns.find((column) => classOf(column, row) === 'battery'),
  };
}

/** Return the values on the face of the card and those folded away, without the metrics that controls show. */
export function valuesOf(
  { further, folded }: HomeDevice,
  controlled: ReadonlySet<Column | undefined>,
): { face: Column[]; folded: Column[] } {
  const left = further.filter((column) => !controlled.has(column));
  return {
    face: left.slice(0, MOST_FURTHER),
    folded: [...left.slice(MOST_FURTHER), ...folded.filter((column) => !controlled.has(column))],
  };
}

/** Return whether a metric is on: a boolean, or a text such as `on`; null if it is neither. */
export function isOn(column: Column | undefined, row: number): boolean | null {
  if (column?.kind[row] === BOOLEAN) return column.values[row] === 1;
  const text = column?.kind[row] === TEXT ? String(column.get(row)).toLowerCase() : '';
  return text === 'on' || text === 'open' ? true : text === 'off' || text === 'closed' ? false : null;
}

/** Return whether a door, window or contact is open; null if that is not known. */
export function isOpen(column: Column, row: number): boolean | null {
  const on = isOn(column, row);
  return on !== null && column.kind[row] === BOOLEAN && classOf(column, row) === 'contact' ? !on : on;
}

/** Return how the device's icon is emphasized: it is in use, or it raises an alarm. */
export function emphasis(device: HomeDevice): 'none' | 'active' | 'alarm' {
  const { kind, main, row } = device;
  if (kind === 'remote') return 'none'; // its value is what was pressed last
  const on = isOn(main, row);
  if (main && ALARMS.has(classOf(main, row) ?? '') && main.kind[row] === BOOLEAN)
    return on ? 'alarm' : 'none';
  if (kind === 'door' || kind === 'window') return main && isOpen(main, row) ? 'active' : 'none';
  return on ? 'active' : 'none';
}

/** Return whether the battery is low: below the limit, or reported as low; false if there is none. */
export function isBatteryLow({ battery, row }: HomeDevice): boolean {
  if (!battery) return false;
  if (battery.kind[row] === NUMBER) return battery.unit[row] === '%' && battery.values[row]! < BATTERY_LOW;
  return isOn(battery, row) === true;
}

/** Return a device's name without the area above it: `Radiator` for `Living room radiator` in `Living room`. */
export function shortName(name: string, area: string | null): string {
  if (!area || !name.toLowerCase().startsWith(area.toLowerCase())) return name;
  const rest = name.slice(area.length);
  const own = rest.replace(/^[\s_\-:/,.]+/, '');
  return own && own !== rest ? own[0]!.toUpperCase() + own.slice(1) : name;
}

/** Return a value in words, with its unit. */
export function valueText(column: Column, row: number): string {
  if (classOf(column, row) === 'battery' && column.kind[row] === NUMBER)
    return `${number(column.values[row]!, null, 0)}\u00a0${column.unit[row] ?? ''}`.trim();
  const raw = column.get(row);
  const mode = typeof raw === 'string' ? T.home.modes[raw.toLowerCase()] : undefined;
  return mode ?? column.quantity(row);
}

export const isRoom = ({ name, area }: HomeDevice): boolean => !NOT_A_ROOM.test(`${name} ${area ?? ''}`);
