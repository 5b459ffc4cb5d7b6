// The controls on a card: the commands of a device that fit in one. The others are on the device's page. Pure.

import { titleOf, type Descriptor } from '../commands/descriptor';
import { number, quantity } from '../lib/format';
import { stateWord } from '../lib/stateWords';
import type { Column } from '../live/column';
import { T } from '../texts';
import { classOf, isMain, type DeviceKind } from './kinds';

export type Form = 'switch' | 'slider' | 'stepper' | 'choice' | 'select' | 'button';

export interface Control {
  name: string;
  title: string;
  form: Form;
  wants: Descriptor;
  /** The metric that shows the command's result; undefined if it has none, or no value yet. */
  column: Column | undefined;
  /** Whether the metric confirms the command: it then has the values of the command. */
  confirms: boolean;
  /** Numbers without a unit that are shown as a share of the maximum, as the brightness of a light. */
  percent: boolean;
}

/** Number of controls on the face of a card; the others are folded away. */
export const MOST_CONTROLS = 3;
/** Up to this many values are buttons side by side. */
const FEW_VALUES = 4;
const CATEGORIES = ['config', 'diagnostic'];
const MAINTENANCE = /restart|reboot|identify|update|reset|factory|calibrat|effect|transition|power_on/i;
const TUNING = /color|colour|effect/i;

/** Return the controls of a device: those on the face first. `columns` are its metrics in display order. */
export function controlsOf(
  takes: readonly (readonly [string, Descriptor])[],
  columns: readonly Column[],
  row: number,
  info: { kind: DeviceKind; categories?: Record<string, string>; reported?: Record<string, unknown> },
): { face: Control[]; folded: Control[] } {
  const found: Control[] = [];
  for (const [name, wants] of takes) {
    const metric = wants.confirm_by ?? name;
    const column = columns.find((each) => each.metric === metric);
    const form = formOf(wants, column && classOf(column, row));
    const aside = column ? !isMain(column, row) : CATEGORIES.includes(info.categories?.[metric] ?? '');
    if (!form || aside || MAINTENANCE.test(name)) continue;
    // Without a value, only a command that needs none is useful.
    const known = column !== undefined || (info.reported !== undefined && metric in info.reported);
    if (!known && wants.confirm_by && form !== 'switch') continue;
    found.push({
      name,
      title: titleOf(name, wants, column?.title(row)),
      form,
      wants,
      column,
      confirms: Boolean(wants.confirm_by),
      percent: info.kind === 'light' && /brightness|dimmer/i.test(name) && !wants.unit && !column?.unit[row],
    });
  }
  const place = ({ column, form }: Control): number =>
    (form === 'switch' ? 0 : 1000) + (column ? columns.indexOf(column) : 500);
  found.sort((a, b) => place(a) - place(b));
  const face = found.filter(({ name }) => !TUNING.test(name)).slice(0, MOST_CONTROLS);
  return { face, folded: found.filter((control) => !face.includes(control)) };
}

function formOf(wants: Descriptor, deviceClass: string | null | undefined): Form | null {
  const { type, values = [] } = wants;
  const bounded = typeof wants.minimum === 'number' && typeof wants.maximum === 'number';
  switch (type) {
    case 'boolean':
      return 'switch';
    case 'none':
      return 'button';
    case 'number':
      return !bounded ? null : deviceClass === 'temperature' ? 'stepper' : 'slider';
    case 'enum':
      return values.length === 0 ? null : values.length <= FEW_VALUES ? 'choice' : 'select';
    default:
      return null;
  }
}

/** Return the step of a number: the device's, otherwise one that gives a fine control of its range. */
export function stepOf({ form, wants }: Control): number {
  if (wants.step) return wants.step;
  if (form === 'stepper') return 0.5;
  const range = wants.maximum! - wants.minimum!;
  return range > 10 ? 1 : range / 100;
}

/** Return `value` moved by `steps`, within the bounds and without the noise of binary fractions. */
export function moved(control: Control, value: number, steps: number): number {
  const { minimum, maximum } = control.wants;
  const next = Number((value + steps * stepOf(control)).toFixed(6));
  return Math.min(Math.max(next, minimum!), maximum!);
}

/** Return a value of a control as text: `60 %` for the brightness of a light, `21.5 °C`, `Open`. */
export function controlText(control: Control, row: number, value: unknown): string {
  const { column, percent, wants } = control;
  if (value === null || value === undefined) return '';
  const unit = wants.unit ?? column?.unit[row];
  if (typeof value === 'number') {
    if (percent) return `${number((100 * value) / wants.maximum!, null, 0)}\u00a0%`;
    return unit === '%' && stepOf(control) >= 1 ? `${number(value, unit, 0)}\u00a0%` : quantity(value, unit);
  }
  if (typeof value === 'string') return T.home.modes[value.toLowerCase()] ?? stateWord(value) ?? value;
  return stateWord(value, column && classOf(column, row)) ?? JSON.stringify(value);
}

/** Return whether a value is asked for by a verb, such as Open: it then says what to do, not what is. */
export const isVerb = (value: string): boolean => value.toLowerCase() in T.home.verbs;

/** Return the word on a button that asks for `value`: a verb where there is one. */
export const choiceText = (value: string): string =>
  T.home.verbs[value.toLowerCase()] ?? T.home.modes[value.toLowerCase()] ?? stateWord(value) ?? value;
