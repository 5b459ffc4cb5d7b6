// Duration of an alert. Pure.

import type { Alert } from '../api/types';

/** Return the duration in ms, from the device's times if both are known, otherwise the hub's. In whole seconds while open. */
export function lasting(alert: Alert, now: number): number {
  if (alert.state !== 'cleared') {
    const seconds = (now - Math.min(alert.began_at, alert.raised_at)) / 1000;
    return 1000 * Math.max(0, Math.floor(seconds));
  }
  if (alert.ended_at !== null) return alert.ended_at - alert.began_at;
  return Math.max(0, (alert.cleared_at ?? now) - Math.min(alert.began_at, alert.raised_at));
}
