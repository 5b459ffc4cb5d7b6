// How long an alert has lasted or did last. Pure.

import type { Alert } from '../api/types';

/** In ms: by the device's own times where both are known, else by the hub's. It ticks in seconds while open. */
export function lasting(alert: Alert, now: number): number {
  if (alert.state !== 'cleared') {
    const seconds = (now - Math.min(alert.began_at, alert.raised_at)) / 1000;
    return 1000 * Math.max(0, Math.floor(seconds));
  }
  if (alert.ended_at !== null) return alert.ended_at - alert.began_at;
  return Math.max(0, (alert.cleared_at ?? now) - Math.min(alert.began_at, alert.raised_at));
}
