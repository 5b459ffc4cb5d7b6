// Units by person: values are converted for display only. What is stored, sent and entered keeps the device's unit.
// Pure, except for the person's choice.

export type UnitSystem = 'metric' | 'imperial';

interface Conversion {
  /** Quantity, as in the profile's `units_of`, if it has it. */
  quantity: string;
  /** System of the target unit. */
  system: UnitSystem;
  from: string;
  to: string;
  factor: number;
  /** Added after the factor. */
  offset?: number;
}

/** One row per pair; the way back is derived. */
const PAIRS: [quantity: string, metric: string, imperial: string, factor: number, offset?: number][] = [
  ['temperature', '°C', '°F', 1.8, 32],
  ['pressure', 'bar', 'psi', 14.503773773],
  ['pressure', 'hPa', 'inHg', 0.02952998307],
  ['speed', 'km/h', 'mph', 0.621371192],
  ['speed', 'm/s', 'ft/s', 3.280839895],
  ['length', 'mm', 'in', 0.03937007874],
  ['length', 'm', 'ft', 3.280839895],
  ['distance', 'km', 'mi', 0.621371192],
  ['volume', 'L', 'gal', 0.2641720524],
  ['volume', 'm³', 'ft³', 35.31466672],
  ['flow', 'L/min', 'gpm', 0.2641720524],
  ['flow', 'm³/h', 'ft³/h', 35.31466672],
  ['weight', 'kg', 'lb', 2.204622622],
];
/** Other spellings, and units that are shown in the larger unit of the other system. */
const SAME: Record<string, [unit: string, factor: number]> = {
  l: ['L', 1],
  'l/min': ['L/min', 1],
  kPa: ['bar', 0.01],
  mbar: ['hPa', 1],
  cm: ['mm', 10],
  g: ['kg', 0.001],
};

function tableOf(): Map<string, Conversion[]> {
  const table = new Map<string, Conversion[]>();
  const add = (each: Conversion): unknown => table.set(each.from, [...(table.get(each.from) ?? []), each]);
  for (const [quantity, metric, imperial, factor, offset = 0] of PAIRS) {
    add({ quantity, system: 'imperial', from: metric, to: imperial, factor, offset });
    add({
      quantity,
      system: 'metric',
      from: imperial,
      to: metric,
      factor: 1 / factor,
      offset: -offset / factor,
    });
    for (const [unit, [same, size]] of Object.entries(SAME))
      if (same === metric)
        add({ quantity, system: 'imperial', from: unit, to: imperial, factor: factor * size, offset });
  }
  return table;
}

const TABLE = tableOf();

/** The person's choice; null shows the units of the devices. */
const chosen: { system: UnitSystem | null; of: Readonly<Record<string, UnitSystem>> } = {
  system: null,
  of: {},
};

/** Set the system of units, and that of single quantities. Return whether that is a change. */
export function chooseUnits(
  system: UnitSystem | null,
  of: Readonly<Record<string, UnitSystem>> = {},
): boolean {
  const before = JSON.stringify(chosen);
  Object.assign(chosen, { system, of });
  return JSON.stringify(chosen) !== before;
}

function conversionOf(unit: string | null | undefined): Conversion | undefined {
  if (!unit || (!chosen.system && Object.keys(chosen.of).length === 0)) return undefined;
  return TABLE.get(unit)?.find((each) => (chosen.of[each.quantity] ?? chosen.system) === each.system);
}

/** Return the unit in which values of `unit` are shown. */
export const shownUnit = <U extends string | null | undefined>(unit: U): U | string =>
  conversionOf(unit)?.to ?? unit;

/** Return a value in the unit in which it is shown. Converting it again with the shown unit changes nothing. */
export function shownValue(value: number, unit: string | null | undefined): number {
  const found = conversionOf(unit);
  return found ? value * found.factor + (found.offset ?? 0) : value;
}
