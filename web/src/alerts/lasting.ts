// How long an alert has lasted or did last. Pure.

import type { Alert } from '../api/types';

/** In ms: by the device's own times where both are known, else by the hub's. */
export function lasting(alert: Alert, now: number): number {
  if (alert.state !== 'cleared') return Math.max(0, now - Math.min(alert.began_at, alert.raised_at));
  if (alert.ended_at !== null) return alert.ended_at - alert.began_at;
  return Math.max(0, (alert.cleared_at ?? now) - Math.min(alert.began_at, alert.raised_at));
}
