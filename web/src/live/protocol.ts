// The messages of /api/live (docs/live.md), and the integer codes of presence and
// severity.

export type { Delta, DeviceColumns, FromHub, FromPage, MetricFacts, Snapshot, Stats } from '../api/types';

export const PRESENCE = ['online', 'stale', 'offline'] as const;
export const SEVERITY = ['ok', 'info', 'warning', 'critical'] as const;
/** Codes in the `presence` column. */
export const ONLINE = PRESENCE.indexOf('online');
export const OFFLINE = PRESENCE.indexOf('offline');
export type Presence = (typeof PRESENCE)[number];
export type Severity = (typeof SEVERITY)[number];

/** A reading; null for none. */
export type Value = number | boolean | string | null;

export const CLOSE_LOGIN = 4401;
export const CLOSE_ORIGIN = 4403;
