// Units by person: values are converted for display only. What is stored, sent and entered keeps the device's unit.
// Pure, except for the person's choice.

import table from './units.json';

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

/** One row per pair; the way back is derived. The hub reads the same file, for its notifications. */
const PAIRS = table.pairs as [
  quantity: string,
  metric: string,
  imperial: string,
  factor: number,
  offset: number,
][];
/** Other spellings, and units that are shown in the larger unit of the other system. */
const SAME = table.same as unknown as Record<string, [unit: string, factor: number]>;

function tableOf(): Map<string, Conversion[]> {
  const found = new Map<string, Conversion[]>();
  const add = (each: Conversion): unknown => found.set(each.from, [...(found.get(each.from) ?? []), each]);
  for (const [quantity, metric, imperial, factor, offset] of PAIRS) {
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
  return found;
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

/** Return the difference of two values in the unit in which it is shown: it has no offset. */
export const shownDifference = (value: number, unit: string | null | undefined): number =>
  value * (conversionOf(unit)?.factor ?? 1);

/** Return a value in the unit in which it is shown. Converting it again with the shown unit changes nothing. */
export function shownValue(value: number, unit: string | null | undefined): number {
  const found = conversionOf(unit);
  return found ? value * found.factor + (found.offset ?? 0) : value;
}
