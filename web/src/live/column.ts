// One metric of the whole fleet as a column: a number a device, with booleans and texts beside it.
// Knows no device's name, only rows.

import { metricName, quantity, reading } from '../lib/format';
import type { MetricFacts, Value } from './protocol';

export const NONE = 0;
export const NUMBER = 1;
export const BOOLEAN = 2;
export const TEXT = 3;
export type ColumnKind = typeof NONE | typeof NUMBER | typeof BOOLEAN | typeof TEXT;

/** `value_9` comes before `value_10`. */
const byName = new Intl.Collator('en', { numeric: true });
const CATEGORIES = ['primary', 'further', 'diagnostic', 'config'];
/** More than the rank of any metric. */
const STEP = 1000;

/** Where a metric stands among those of its device: smaller is shown earlier, the smallest stands for the device. */
const orderOf = (facts: MetricFacts | undefined): number =>
  facts
    ? (facts.hidden ? STEP * STEP : 0) + CATEGORIES.indexOf(facts.category) * STEP + facts.rank
    : STEP - 1;

/** Whether two descriptions are alike: the hub tells them again after its start. */
const sameFacts = (a: MetricFacts | undefined, b: MetricFacts | undefined): boolean =>
  a?.title === b?.title &&
  a?.device_class === b?.device_class &&
  a?.category === b?.category &&
  a?.rank === b?.rank &&
  a?.hidden === b?.hidden;

export class Column {
  readonly metric: string;
  /** Its place among the fleet's columns. */
  readonly index: number;
  /** The number of row i; booleans as 0 and 1; NaN when there is none. */
  values: Float64Array;
  kind: Uint8Array;
  private readonly texts = new Map<number, string>();
  readonly unit: (string | null)[] = [];
  /** How the metric of row i is shown, as the hub says; objects are shared between rows. */
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

  /** Writes one value; true when the row had none before. */
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

  /** The value as it was sent, or null. */
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

  /** Takes in how the metric of `row` is shown; false when that is known already. */
  describe(row: number, facts: MetricFacts | undefined): boolean {
    if (sameFacts(this.facts[row], facts)) return false;
    this.facts[row] = facts;
    return true;
  }

  order(row: number): number {
    return orderOf(this.facts[row]);
  }

  /** Its title on device `row`; without a row, as the first device with it calls it. */
  title(row?: number): string {
    const facts = row === undefined ? this.facts.find(Boolean) : this.facts[row];
    return facts?.title ?? metricName(this.metric);
  }

  hidden(row: number): boolean {
    return this.facts[row]?.hidden ?? false;
  }

  /** The value as people read it, without its unit: a state by the words of its device class. */
  text(row: number): string {
    return reading(this.get(row), this.unit[row], this.facts[row]?.device_class);
  }

  /** The same with its unit. */
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

  /** Whether this column stands for device `row` better than `other`: by order, then numbers first, then by name. */
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
