// One metric of the whole fleet as a column: a number a device, with booleans and texts beside it.
// Knows no device's name, only rows.

import type { Value } from './protocol';

export const NONE = 0;
export const NUMBER = 1;
export const BOOLEAN = 2;
export const TEXT = 3;
export type ColumnKind = typeof NONE | typeof NUMBER | typeof BOOLEAN | typeof TEXT;

/** What an operator looks at first, when no alert says otherwise. A metric that merely contains one comes right after it. */
// prettier-ignore
const USUAL = [
  'level', 'charge', 'soc', 'flow', 'temperature', 'pressure', 'power', 'vibration', 'voltage', 'current',
  'humidity', 'co2', 'speed', 'energy', 'battery',
];

/** Smaller is shown earlier. A plain `temperature` comes before `bearing_temperature`. */
export function rankOf(metric: string): number {
  const exact = USUAL.indexOf(metric.toLowerCase());
  if (exact >= 0) return exact * 2;
  const tail = USUAL.findIndex((word) => metric.toLowerCase().includes(word));
  return tail >= 0 ? tail * 2 + 1 : USUAL.length * 2;
}

export class Column {
  readonly metric: string;
  /** Its place among the fleet's columns. */
  readonly index: number;
  readonly rank: number;
  /** The number of row i; booleans as 0 and 1; NaN when there is none. */
  values: Float64Array;
  kind: Uint8Array;
  readonly text = new Map<number, string>();
  readonly unit: (string | null)[] = [];

  constructor(metric: string, index: number, capacity: number) {
    this.metric = metric;
    this.index = index;
    this.rank = rankOf(metric);
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
      this.text.set(row, value);
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
        return this.text.get(row) ?? null;
      default:
        return null;
    }
  }

  forget(row: number): void {
    this.kind[row] = NONE;
    this.values[row] = NaN;
    this.text.delete(row);
    this.unit[row] = null;
  }

  /** Whether this column stands for device `row` better than `other`: numbers first, then by rank and name. */
  better(other: Column, row: number): boolean {
    const mine = this.kind[row] === NUMBER ? 0 : 1;
    const theirs = other.kind[row] === NUMBER ? 0 : 1;
    if (mine !== theirs) return mine < theirs;
    if (this.rank !== other.rank) return this.rank < other.rank;
    return this.metric < other.metric;
  }

  grow(capacity: number): void {
    const values = new Float64Array(capacity).fill(NaN);
    values.set(this.values);
    this.values = values;
    const kind = new Uint8Array(capacity);
    kind.set(this.kind);
    this.kind = kind;
  }
}
