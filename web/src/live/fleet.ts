// The fleet as typed arrays, indexed by the hub's integer handles. It lives outside the framework's
// reactivity on purpose: at thousands of updates a second, a reactive object per device costs more than the
// work itself. Writers mark rows dirty; `flush` notifies each subscriber once.

import { metricName } from '../lib/format';
import { Column, extend, type ColumnKind } from './column';
import type { Delta, DeviceColumns, Snapshot, Value } from './protocol';

type Listener = () => void;

/** Changes since the last flush, for subscribers of the whole fleet. */
export interface Changes {
  /** Devices appeared, disappeared or were renamed. */
  members: boolean;
  /** A presence or a severity changed. */
  state: boolean;
  /** Handles written in this flush, the first `count` of them. Reused: do not keep a reference. */
  rows: Int32Array;
  count: number;
}

export class Fleet {
  /** Highest handle + 1; rows with `alive` 0 are unused. */
  size = 0;
  count = 0;
  alive = new Uint8Array(0);
  presence = new Uint8Array(0);
  severity = new Uint8Array(0);
  /** Epoch ms of the last message; 0 for never. */
  seen = new Float64Array(0);
  /** Index into `columns` of the metric that represents the device; -1 for none. */
  main = new Int16Array(0);
  readonly id: string[] = [];
  readonly name: string[] = [];
  readonly area: (string | null)[] = [];
  readonly model: (string | null)[] = [];
  readonly dialect: string[] = [];
  readonly labels: string[][] = [];
  readonly columns: Column[] = [];
  /** Hub's clock minus the browser's, in ms. */
  skew = 0;

  private readonly columnIndex = new Map<string, number>();
  private readonly handles = new Map<string, number>();
  /** The metric of the device's worst alert overrides the default choice. */
  private readonly pinned = new Map<string, string>();
  private readonly rowListeners = new Map<number, Set<Listener>>();
  private readonly listeners = new Set<(changes: Changes) => void>();
  private dirty = new Uint8Array(0);
  private dirtyRows = new Int32Array(0);
  private dirtyCount = 0;
  private members = false;
  private state = false;

  /** Return the handle of the device `id`, or -1. */
  handle(id: string): number {
    return this.handles.get(id) ?? -1;
  }

  column(metric: string): Column | undefined {
    const index = this.columnIndex.get(metric);
    return index === undefined ? undefined : this.columns[index];
  }

  mainColumn(row: number): Column | undefined {
    const index = this.main[row] ?? -1;
    return index < 0 ? undefined : this.columns[index];
  }

  /** Return the metrics of device `row` in display order, without hidden ones. */
  metricsOf(row: number): Column[] {
    return this.columns
      .filter((column) => column.has(row) && !column.hidden(row))
      .sort((a, b) => (a.better(b, row) ? -1 : 1));
  }

  /** Return a device's title of a metric. */
  titleOf(id: string, metric: string): string {
    const row = this.handle(id);
    return (row >= 0 && this.column(metric)?.title(row)) || metricName(metric);
  }

  onRow(row: number, listener: Listener): () => void {
    let set = this.rowListeners.get(row);
    if (!set) this.rowListeners.set(row, (set = new Set()));
    set.add(listener);
    return () => {
      set.delete(listener);
      if (set.size === 0) this.rowListeners.delete(row);
    };
  }

  onChange(listener: (changes: Changes) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Replace everything: handles of another epoch are not valid here. */
  load(message: Snapshot): void {
    this.clear();
    this.skew = message.ts - Date.now();
    this.addDevices(message.devices);
    for (const metric in message.metrics) {
      const { i, v, u, k: kinds } = message.metrics[metric]!;
      const index = this.openColumn(metric);
      const column = this.columns[index]!;
      for (let k = 0; k < i.length; k++) {
        column.unit[i[k]!] = u[k] ?? null;
        column.facts[i[k]!] = message.kinds?.[typeof kinds === 'number' ? kinds : (kinds?.[k] ?? -1)];
        this.write(index, column, i[k]!, v[k] ?? null);
      }
    }
    this.members = this.state = true;
  }

  apply(message: Delta): void {
    this.skew = message.ts - Date.now();
    if (message.new) this.addDevices(message.new);
    if (message.i) this.applyRows(message);
    for (const [metric, [rows, units]] of Object.entries(message.units ?? {})) {
      const column = this.columns[this.openColumn(metric)]!;
      rows.forEach((row, k) => (column.unit[row] = units[k] ?? null));
    }
    for (const [metric, [rows, places]] of Object.entries(message.shown ?? {})) {
      const column = this.columns[this.openColumn(metric)]!;
      rows.forEach((row, k) => {
        if (!column.describe(row, message.kinds?.[places[k]!])) return;
        this.chooseMain(row);
        this.mark(row);
        this.members = true;
      });
    }
    if (message.m) {
      for (const metric in message.m) {
        const [rows, values] = message.m[metric]!;
        const index = this.openColumn(metric);
        const column = this.columns[index]!;
        for (let k = 0; k < rows.length; k++) {
          this.write(index, column, rows[k]!, values[k]!);
          this.mark(rows[k]!);
        }
      }
    }
    if (message.gone) for (const row of message.gone) this.drop(row);
  }

  /** Set the metric that represents a device, by id; others use the default choice. */
  pin(metrics: ReadonlyMap<string, string>): void {
    const touched = new Set([...this.pinned.keys(), ...metrics.keys()]);
    this.pinned.clear();
    for (const [id, metric] of metrics) this.pinned.set(id, metric);
    for (const id of touched) {
      const row = this.handle(id);
      if (row >= 0) this.chooseMain(row);
    }
  }

  /** Notify subscribers of changes since the last flush: rows first, then subscribers of the whole fleet. */
  flush(): void {
    if (this.dirtyCount === 0 && !this.members && !this.state) return;
    const changes: Changes = {
      members: this.members,
      state: this.state,
      rows: this.dirtyRows,
      count: this.dirtyCount,
    };
    this.members = this.state = false;
    this.dirtyCount = 0;
    for (let k = 0; k < changes.count; k++) {
      const row = changes.rows[k]!;
      this.dirty[row] = 0;
      const set = this.rowListeners.get(row);
      if (set) for (const listener of set) listener();
    }
    for (const listener of this.listeners) listener(changes);
  }

  private applyRows(message: Delta): void {
    const { i, seen, presence, severity } = message;
    for (let k = 0; k < i!.length; k++) {
      const row = i![k]!;
      if (row >= this.size) continue;
      if (seen) this.seen[row] = seen[k] ?? 0;
      if (presence && this.presence[row] !== presence[k]) {
        this.presence[row] = presence[k]!;
        this.state = true;
      }
      if (severity && this.severity[row] !== severity[k]) {
        this.severity[row] = severity[k]!;
        this.state = true;
      }
      this.mark(row);
    }
  }

  private addDevices(columns: DeviceColumns): void {
    for (let k = 0; k < columns.i.length; k++) {
      const row = columns.i[k]!;
      if (row >= this.alive.length) this.grow(row + 1);
      if (row >= this.size) this.size = row + 1;
      if (!this.alive[row]) {
        this.count++;
        this.main[row] = -1;
      }
      this.alive[row] = 1;
      this.id[row] = columns.id[k]!;
      this.name[row] = columns.name[k] || columns.id[k]!;
      this.area[row] = columns.area[k] ?? null;
      this.model[row] = columns.model[k] ?? null;
      this.dialect[row] = columns.dialect[k]!;
      this.labels[row] = columns.labels[k] ?? [];
      this.presence[row] = columns.presence[k]!;
      this.severity[row] = columns.severity[k]!;
      this.seen[row] = columns.seen[k] ?? 0;
      this.handles.set(columns.id[k]!, row);
      this.mark(row);
    }
    this.members = true;
  }

  private write(index: number, column: Column, row: number, value: Value): void {
    if (row >= this.size) return;
    const first = column.set(row, value);
    if (first) {
      const current = this.main[row]!;
      if (current < 0 || this.pinned.has(this.id[row]!)) this.chooseMain(row);
      else if (column.better(this.columns[current]!, row)) this.main[row] = index;
    }
  }

  private chooseMain(row: number): void {
    const pinned = this.pinned.get(this.id[row]!);
    let best = -1;
    for (let index = 0; index < this.columns.length; index++) {
      const column = this.columns[index]!;
      if (!column.has(row)) continue;
      if (column.metric === pinned) {
        best = index;
        break;
      }
      if (best < 0 || column.better(this.columns[best]!, row)) best = index;
    }
    if (this.main[row] !== best) {
      this.main[row] = best;
      this.mark(row);
    }
  }

  private drop(row: number): void {
    if (!this.alive[row]) return;
    this.alive[row] = 0;
    this.count--;
    this.handles.delete(this.id[row]!);
    for (const column of this.columns) column.forget(row);
    this.members = true;
    this.mark(row);
  }

  private mark(row: number): void {
    if (row >= this.size || this.dirty[row]) return;
    this.dirty[row] = 1;
    this.dirtyRows[this.dirtyCount++] = row;
  }

  private openColumn(metric: string): number {
    let index = this.columnIndex.get(metric);
    if (index === undefined) {
      index = this.columns.length;
      this.columns.push(new Column(metric, index, this.alive.length));
      this.columnIndex.set(metric, index);
      this.members = true;
    }
    return index;
  }

  private clear(): void {
    this.alive.fill(0);
    this.dirty.fill(0);
    this.size = this.count = this.dirtyCount = 0;
    this.columns.length = this.id.length = this.name.length = this.area.length = 0;
    this.model.length = this.dialect.length = this.labels.length = 0;
    this.columnIndex.clear();
    this.handles.clear();
  }

  /** Double the arrays, so that adding devices one by one takes amortised constant time. */
  private grow(needed: number): void {
    const capacity = Math.max(64, needed, this.alive.length * 2);
    this.alive = extend(this.alive, new Uint8Array(capacity));
    this.presence = extend(this.presence, new Uint8Array(capacity));
    this.severity = extend(this.severity, new Uint8Array(capacity));
    this.dirty = extend(this.dirty, new Uint8Array(capacity));
    this.seen = extend(this.seen, new Float64Array(capacity));
    this.main = extend(this.main, new Int16Array(capacity));
    this.dirtyRows = extend(this.dirtyRows, new Int32Array(capacity));
    for (const column of this.columns) column.grow(capacity);
  }
}

export type { ColumnKind };
