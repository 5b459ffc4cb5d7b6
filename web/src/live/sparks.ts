// Sparklines of the last hour for visible rows, in slots of a minute: fetched in one request for rows that come into view,
// then extended by live readings. Bounded: rows that are out of view for long are dropped.

import { post } from '../api/http';
import type { HistoryAnswer, Series } from '../api/types';
import type { Column } from './column';
import type { Fleet } from './fleet';
import { nextFrame } from './frame';

export const SLOTS = 60;
const SLOT_MS = 60_000;
const MOST = 800;
const BATCH = 100;
/** Delay of requests: during fast scrolling, only rows that stay in view are fetched. */
const SETTLE_MS = 150;
/** More than the number of columns; combines row and column into one number. */
const STRIDE = 65_536;

export interface Spark {
  /** Mean of each minute; NaN for none. */
  values: Float32Array;
  /** Number of the newest slot: epoch ms / SLOT_MS. */
  slot: number;
  /** Readings in the newest slot so far. */
  readings: number;
}

interface Wanted {
  row: number;
  column: Column;
  ready: () => void;
}

export class Sparks {
  private readonly kept = new Map<number, Spark>();
  private readonly wanted = new Map<number, Wanted>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly fleet: Fleet;
  private readonly now: () => number;

  constructor(fleet: Fleet, now: () => number) {
    this.fleet = fleet;
    this.now = now;
  }

  clear(): void {
    this.kept.clear();
    this.wanted.clear();
  }

  /** Return the sparkline of one metric of `row`, or undefined while it is fetched; `ready` is called when it is available. */
  want(row: number, column: Column, ready: () => void): Spark | undefined {
    const key = row * STRIDE + column.index;
    const spark = this.kept.get(key);
    const behind = spark ? Math.floor(this.now() / SLOT_MS) - spark.slot : 0;
    // Out of view for minutes: it was not extended meanwhile, so fetch it again if the device still sends.
    const missed = behind > 2 && this.now() - this.fleet.seen[row]! < SLOT_MS;
    if (!spark || missed) {
      this.wanted.set(key, { row, column, ready });
      this.timer ??= setTimeout(() => void this.fetch(), SETTLE_MS);
    }
    return spark;
  }

  /** Cancel the pending request of `row`. */
  forget(row: number): void {
    for (const [key, each] of this.wanted) if (each.row === row) this.wanted.delete(key);
  }

  /** Extend the sparkline by the newest reading, if there is one. */
  push(row: number, column: Column): void {
    const spark = this.kept.get(row * STRIDE + column.index);
    const value = column.values[row]!;
    if (!spark || !Number.isFinite(value)) return;
    const slot = Math.floor((this.fleet.seen[row] || this.now()) / SLOT_MS);
    const ahead = slot - spark.slot;
    if (ahead < 0) return;
    if (ahead > 0) {
      spark.values.copyWithin(0, Math.min(ahead, SLOTS));
      spark.values.fill(NaN, Math.max(0, SLOTS - ahead));
      spark.slot = slot;
      spark.readings = 0;
    }
    const mean = spark.values[SLOTS - 1]!;
    spark.readings++;
    const first = spark.readings === 1 || Number.isNaN(mean);
    spark.values[SLOTS - 1] = first ? value : mean + (value - mean) / spark.readings;
  }

  private async fetch(): Promise<void> {
    this.timer = undefined;
    const batch = [...this.wanted]
      .slice(0, BATCH)
      .filter(([key, { row }]) => this.wanted.delete(key) && this.fleet.alive[row]);
    if (batch.length === 0) return;
    const slot = Math.floor(this.now() / SLOT_MS);
    const from = (slot - SLOTS + 1) * SLOT_MS;
    const series = batch.map(([, { row, column }]) => ({
      device_id: this.fleet.id[row]!,
      metric: column.metric,
    }));
    try {
      const body = { from, to: (slot + 1) * SLOT_MS, buckets: SLOTS, series };
      const answer = await post<HistoryAnswer>('/api/history/query', body);
      for (const each of answer.series) this.keep(each, from, slot);
    } catch {
      // Ignore errors: the row requests it again with its next reading.
      return;
    }
    for (const [key] of batch) if (!this.kept.has(key)) this.put(key, { values: empty(), slot, readings: 0 });
    nextFrame(() => batch.forEach(([, { ready }]) => ready()));
    if (this.wanted.size) this.timer ??= setTimeout(() => void this.fetch(), SETTLE_MS);
  }

  private keep(series: Series, from: number, slot: number): void {
    const row = this.fleet.handle(series.device_id);
    const column = this.fleet.column(series.metric);
    if (row < 0 || !column) return;
    const values = empty();
    for (const point of series.points) {
      const index = Math.floor((point[0] - from) / SLOT_MS);
      if (index >= 0 && index < SLOTS && point.length === 5) values[index] = point[2];
    }
    this.put(row * STRIDE + column.index, { values, slot, readings: 1 });
  }

  private put(key: number, spark: Spark): void {
    this.kept.delete(key);
    this.kept.set(key, spark);
    if (this.kept.size > MOST) this.kept.delete(this.kept.keys().next().value!);
  }
}

const empty = (): Float32Array => new Float32Array(SLOTS).fill(NaN);
