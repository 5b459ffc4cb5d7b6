// One metric of the whole fleet as a column: a number per device, with booleans and texts beside it. Devices are
// rows.

import { metricName, quantity, reading } from '../lib/format';
import { shownUnit, shownValue } from '../lib/units';
import type { MetricFacts, Value } from './protocol';

export const NONE = 0;
export const NUMBER = 1;
export const BOOLEAN = 2;
export const TEXT = 3;
export type ColumnKind = typeof NONE | typeof NUMBER | typeof BOOLEAN | typeof TEXT;

/** Natural order: `value_9` before `value_10`. */
const byName = new Intl.Collator('en', { numeric: true });
const CATEGORIES = ['primary', 'further', 'diagnostic', 'config'];
/** Higher than any metric's rank. */
const STEP = 1000;

/** Return the position of a metric among those of its device: the smallest is first and represents the device. */
const orderOf = (facts: MetricFacts | undefined): number =>
  facts
    ? (facts.hidden ? STEP * STEP : 0) + CATEGORIES.indexOf(facts.category) * STEP + facts.rank
    : STEP - 1;

/** Return whether two descriptions are equal: the hub sends them again after a restart. */
const sameFacts = (a: MetricFacts | undefined, b: MetricFacts | undefined): boolean =>
  a?.title === b?.title &&
  a?.device_class === b?.device_class &&
  a?.category === b?.category &&
  a?.rank === b?.rank &&
  a?.hidden === b?.hidden;

export class Column {
  readonly metric: string;
  /** Index among the fleet's columns. */
  readonly index: number;
  /** Number of each row; booleans as 0 and 1; NaN for none. */
  values: Float64Array;
  kind: Uint8Array;
  private readonly texts = new Map<number, string>();
  readonly unit: (string | null)[] = [];
  /** The hub's description of the metric in each row; objects are shared between rows. */
  readonly facts: (MetricFacts | undefined)[] = [];

  constructor(metric: string, index: number, capacity: number) {
    this.metric = metric;
    this.index = index;
    this.values = new Float64Array(capacity).fill(NaN);
    this.kind = new Uint8Array(capacity);
  }

  has(row: number): boolean {
    return (this.kind[row] ?? NONE) !== NONE;
  }

  /** Write one value. Return whether the row had none before. */
  set(row: number, value: Value): boolean {
    const before = this.kind[row];
    if (typeof value === 'number') {
      this.values[row] = value;
      this.kind[row] = NUMBER;
    } else if (typeof value === 'boolean') {
      this.values[row] = value ? 1 : 0;
      this.kind[row] = BOOLEAN;
    } else if (typeof value === 'string') {
      this.values[row] = NaN;
      this.texts.set(row, value);
      this.kind[row] = TEXT;
    } else {
      return false;
    }
    return before === NONE;
  }

  /** Return the value as sent, or null. */
  get(row: number): Value {
    switch (this.kind[row]) {
      case NUMBER:
        return this.values[row]!;
      case BOOLEAN:
        return this.values[row] === 1;
      case TEXT:
        return this.texts.get(row) ?? null;
      default:
        return null;
    }
  }

  /** Set the description of the metric in `row`. Return false if it is unchanged. */
  describe(row: number, facts: MetricFacts | undefined): boolean {
    if (sameFacts(this.facts[row], facts)) return false;
    this.facts[row] = facts;
    return true;
  }

  order(row: number): number {
    return orderOf(this.facts[row]);
  }

  /** Return the title on device `row`; without a row, the title of the first device. */
  title(row?: number): string {
    const facts = row === undefined ? this.facts.find(Boolean) : this.facts[row];
    return facts?.title ?? metricName(this.metric);
  }

  hidden(row: number): boolean {
    return this.facts[row]?.hidden ?? false;
  }

  /** Return the formatted value without its unit; a state uses the words of its device class. */
  text(row: number): string {
    return reading(this.get(row), this.unit[row], this.facts[row]?.device_class);
  }

  /** Return a number in the unit in which it is shown. */
  shown(row: number): number {
    return shownValue(this.values[row]!, this.unit[row]);
  }

  /** Return the unit in which a number is shown beside its text; empty for other values. */
  unitText(row: number): string {
    return this.kind[row] === NUMBER ? (shownUnit(this.unit[row]) ?? '') : '';
  }

  /** Return the formatted value with its unit. */
  quantity(row: number): string {
    return quantity(this.get(row), this.unit[row], this.facts[row]?.device_class);
  }

  forget(row: number): void {
    this.kind[row] = NONE;
    this.values[row] = NaN;
    this.texts.delete(row);
    this.unit[row] = null;
    this.facts[row] = undefined;
  }

  /** Return whether this column represents device `row` better than `other`: by order, then numbers first, then by name. */
  better(other: Column, row: number): boolean {
    const before = this.order(row) - other.order(row);
    if (before) return before < 0;
    const mine = this.kind[row] === NUMBER ? 0 : 1;
    const theirs = other.kind[row] === NUMBER ? 0 : 1;
    if (mine !== theirs) return mine < theirs;
    return byName.compare(this.metric, other.metric) < 0;
  }

  grow(capacity: number): void {
    this.values = extend(this.values, new Float64Array(capacity).fill(NaN));
    this.kind = extend(this.kind, new Uint8Array(capacity));
  }
}

export function extend<A extends { set(source: A): void }>(source: A, target: A): A {
  target.set(source);
  return target;
}
