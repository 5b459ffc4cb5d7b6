// Commands from a device's description (docs/commands.md), and conversion of user input to valid values. The hub validates again.
// Pure.

import { metricName } from '../lib/format';
import { T } from '../texts';

export type Kind = 'boolean' | 'number' | 'enum' | 'text' | 'object' | 'list' | 'none';

export interface Descriptor {
  type: Kind;
  title?: string | null;
  unit?: string | null;
  confirm_by?: string | null;
  minimum?: number | null;
  maximum?: number | null;
  step?: number | null;
  values?: string[];
}

export type Parsed = { value: unknown; problem?: undefined } | { problem: string };

/** Return the supported commands by name; those with an unknown description are left out. */
export function descriptors(commands: Record<string, unknown>): [string, Descriptor][] {
  const kinds: Kind[] = ['boolean', 'number', 'enum', 'text', 'object', 'list', 'none'];
  const { compare } = new Intl.Collator('en', { numeric: true });
  return Object.entries(commands as Record<string, Descriptor>)
    .map(([name, given]): [string, Descriptor] => [name, { ...given, type: given.type ?? 'text' }])
    .filter(([, descriptor]) => kinds.includes(descriptor.type))
    .sort(([a], [b]) => compare(a, b));
}

/** Its name for people. */
/** Return the title of a command: from its description, otherwise that of the metric that it sets. */
export const titleOf = (name: string, wants?: Descriptor, metric?: string): string =>
  wants?.title ?? metric ?? metricName(name);

export function parse(wants: Descriptor, typed: string): Parsed {
  if (wants.type === 'none') return { value: null };
  if (wants.type === 'text' || wants.type === 'enum') return { value: typed };
  if (wants.type === 'boolean') return { value: typed === 'true' };
  if (wants.type === 'number') return parseNumber(wants, typed);
  try {
    return { value: JSON.parse(typed) as unknown };
  } catch {
    return { problem: T.commands.notJson };
  }
}

function parseNumber(wants: Descriptor, typed: string): Parsed {
  const value = Number(typed.trim().replace(',', '.'));
  if (!typed.trim() || !Number.isFinite(value)) return { problem: T.commands.notNumber };
  const { minimum, maximum } = wants;
  const low = minimum !== null && minimum !== undefined && value < minimum;
  const high = maximum !== null && maximum !== undefined && value > maximum;
  return low || high ? { problem: T.commands.outside(bounds(wants)) } : { value };
}

/** Return the bounds as text, such as `0 to 100 %`. */
export function bounds({ minimum, maximum, unit }: Descriptor): string {
  const has = (bound: number | null | undefined): bound is number => bound !== null && bound !== undefined;
  const text =
    has(minimum) && has(maximum)
      ? T.commands.between(minimum, maximum)
      : has(minimum)
        ? T.commands.atLeast(minimum)
        : has(maximum)
          ? T.commands.atMost(maximum)
          : '';
  return text && unit ? `${text} ${unit}` : text;
}

/** Return a value as display text. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? T.commands.on : T.commands.off;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
