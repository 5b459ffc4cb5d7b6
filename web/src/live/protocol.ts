// The words of /api/live (docs/live.md): the messages, and the integer codes of presence and severity.
// Knows nothing of sockets, of the store or of the page.

import type { Alert } from '../api/types';

export const PRESENCE = ['online', 'stale', 'offline'] as const;
export const SEVERITY = ['ok', 'info', 'warning', 'critical'] as const;
export type Presence = (typeof PRESENCE)[number];
export type Severity = (typeof SEVERITY)[number];

export type Value = number | boolean | string | null;

/** Aligned columns: entry k of each describes device handle `i[k]`. */
export interface DeviceColumns {
  i: number[];
  id: string[];
  name: string[];
  area: (string | null)[];
  model: (string | null)[];
  dialect: string[];
  labels: string[][];
  presence: number[];
  severity: number[];
  seen: (number | null)[];
}

export interface Snapshot {
  type: 'snapshot';
  epoch: string;
  seq: number;
  /** Epoch milliseconds on the hub's clock. */
  ts: number;
  root: string;
  devices: DeviceColumns;
  metrics: Record<string, { i: number[]; v: Value[]; u: (string | null)[] }>;
}

export interface Delta {
  type: 'delta';
  seq: number;
  ts: number;
  i?: number[];
  seen?: (number | null)[];
  presence?: number[];
  severity?: number[];
  /** For each metric: handles and their new values, aligned. */
  m?: Record<string, [number[], Value[]]>;
  new?: DeviceColumns;
  units?: Record<string, [number[], (string | null)[]]>;
  gone?: number[];
}

export interface Stats {
  type: 'stats';
  ts: number;
  devices: number;
  online: number;
  stale: number;
  offline: number;
  open_alerts: number;
  critical: number;
  received: number;
  stored: number;
  rejected: number;
  shed: number;
  /** Messages a second. */
  rate: number;
  /** Per cent of one core. */
  cpu: number;
  /** Bytes of memory. */
  rss: number;
  ai: { provider: string; model: string };
  broker: { connected: boolean; address: string };
}

export type FromHub =
  | Snapshot
  | Delta
  | Stats
  | { type: 'resumed'; epoch: string; seq: number }
  | { type: 'resync'; reason: string }
  | { type: 'alerts'; items: Alert[] }
  | { type: 'alert'; alert: Alert }
  | { type: 'pong'; ts: number };

export type FromPage =
  | { type: 'hello'; since?: number; epoch?: string }
  | { type: 'ack'; seq: number }
  | { type: 'ping'; ts: number }
  | { type: 'hidden'; hidden: boolean };

export const CLOSE_LOGIN = 4401;
export const CLOSE_ORIGIN = 4403;
