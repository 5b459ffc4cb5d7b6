// Fake fleet of the development server: the devices of the payload files, or thousands of generated ones, with drifting
// values. Not part of the product.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const HERE = new URL('payloads', import.meta.url).pathname;

/** Payload times are relative to this moment; they are shifted to now when served. */
const BASE = 1_795_386_000_000;

export function shifted(value, offset) {
  if (typeof value === 'number') return value > 1.6e12 && value < 2e12 ? value + offset : value;
  if (Array.isArray(value)) return value.map((each) => shifted(each, offset));
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shifted(each, offset)]));
  }
  return value;
}

export const offsetNow = () => Date.now() - BASE;

export function payload(name) {
  return shifted(JSON.parse(readFileSync(join(HERE, 'rest', `${name}.json`), 'utf8')), offsetNow());
}

/** The messages of payloads/live in the order of their names. */
export function liveMessages() {
  return readdirSync(join(HERE, 'live'))
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => shifted(JSON.parse(readFileSync(join(HERE, 'live', name), 'utf8')), offsetNow()));
}

/** Return a snapshot of `count` generated devices in 24 areas, four metrics each. */
export function crowd(count) {
  const i = [...Array(count).keys()];
  const metric = (unit, value) => ({ i, v: i.map(value), u: i.map(() => unit) });
  return {
    type: 'snapshot',
    epoch: `crowd${process.pid}`,
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices: {
      i,
      id: i.map((k) => `machine-${String(k).padStart(5, '0')}`),
      name: i.map((k) => `Machine ${k}`),
      area: i.map((k) => `Hall ${1 + (k % 24)}`),
      model: i.map((k) => `M-${10 + (k % 5)}`),
      dialect: i.map(() => 'native'),
      labels: i.map((k) => (k % 7 ? [] : ['line-2'])),
      presence: i.map((k) => (k % 97 ? 0 : k % 2 ? 1 : 2)),
      severity: i.map((k) => (k % 211 ? 0 : 1 + (k % 3))),
      seen: i.map(() => Date.now()),
    },
    metrics: {
      temperature: metric('°C', (k) => 20 + (k % 50)),
      pressure: metric('bar', (k) => 2 + (k % 9) / 3),
      flow: metric('m³/h', (k) => 30 + (k % 20)),
      running: metric(null, (k) => k % 5 > 0),
    },
  };
}

/** Let the snapshot's numbers drift, and collect the changes as columnar deltas. */
export class Drift {
  constructor(snapshot) {
    this.snapshot = snapshot;
    this.row = new Map(snapshot.devices.i.map((handle, k) => [handle, k]));
    this.columns = Object.entries(snapshot.metrics).map(([name, { i, v }]) => ({
      name,
      v,
      place: new Map(i.map((handle, k) => [handle, k])),
      base: [...v],
    }));
    this.awake = snapshot.devices.i.filter((_, k) => snapshot.devices.presence[k] === 0);
    this.turn = 0;
  }

  /** Return the next delta, with messages of `messages` devices. */
  delta(messages) {
    const now = Date.now();
    const { devices } = this.snapshot;
    const i = [];
    for (let n = 0; n < messages && n < this.awake.length; n++)
      i.push(this.awake[this.turn++ % this.awake.length]);
    const m = {};
    for (const { name, v, place, base } of this.columns) {
      const rows = [];
      const values = [];
      for (const handle of i) {
        const k = place.get(handle);
        if (k === undefined) continue;
        if (typeof base[k] === 'number') {
          const pull = (base[k] - v[k]) * 0.08;
          v[k] = Math.round((v[k] + pull + (Math.random() - 0.5) * Math.abs(base[k]) * 0.006) * 100) / 100;
        }
        rows.push(handle);
        values.push(v[k]);
      }
      if (rows.length) m[name] = [rows, values];
    }
    const at = i.map((handle) => this.row.get(handle));
    for (const k of at) devices.seen[k] = now;
    this.snapshot.seq++;
    this.snapshot.ts = now;
    return {
      type: 'delta',
      seq: this.snapshot.seq,
      ts: now,
      i,
      seen: i.map(() => now),
      presence: at.map((k) => devices.presence[k]),
      severity: at.map((k) => devices.severity[k]),
      m,
    };
  }

  /** Return the current value of one metric of the device at index `k`. */
  value(handle, metric) {
    const column = this.columns.find((each) => each.name === metric);
    const k = column?.place.get(handle);
    return k === undefined ? undefined : column.v[k];
  }
}

function noise(seed) {
  const x = Math.sin(seed * 127.1 + 311.7) * 43758.5453;
  return x - Math.floor(x) - 0.5;
}

/** Return a plausible history that ends at `value`; deterministic for device, metric and time. */
export function history(key, value, troubled, from, to, buckets) {
  const seed = [...key].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7);
  const width = (to - from) / buckets;
  const size = Math.max(Math.abs(value) * 0.012, 0.05);
  const now = Date.now();
  const points = [];
  for (let k = 0; k < buckets; k++) {
    const ts = from + k * width;
    if (ts > now) break;
    if (typeof value === 'boolean') {
      points.push([ts, +value, +value, +value, 4]);
      continue;
    }
    const minute = ts / 60_000;
    const wave = Math.sin(minute / 9 + seed) + 0.6 * Math.sin(minute / 31 + seed / 3);
    const mean =
      value + size * (wave + noise(Math.floor(minute) + seed)) - troubledBy(troubled, value, now - ts);
    const spread = size * (0.4 + Math.abs(noise(minute * 3 + seed)));
    points.push([Math.round(ts), mean - spread, mean, mean + spread, Math.max(1, Math.round(width / 2000))]);
  }
  return points;
}

/** Return how far a value was below the current one, for a fault that began some twenty minutes ago and levels off. */
function troubledBy(troubled, value, age) {
  if (!troubled) return 0;
  const rise = Math.max(Math.abs(value) * 0.34, 1);
  return rise * (1 - Math.exp(-age / 300_000));
}
