// The most urgent open alert of each device, derived once for all rows.

import type { Alert } from '../api/types';
import { session } from '../live/session.svelte';

class DeviceAlerts {
  readonly worst = $derived.by(() => {
    // `session.alerts` is in order of urgency, so the first of each device is its worst.
    const found: Record<string, Alert> = {};
    for (const alert of session.alerts) found[alert.device_id] ??= alert;
    return found;
  });
}

const deviceAlerts = new DeviceAlerts();

export const worstAlert = (deviceId: string): Alert | undefined => deviceAlerts.worst[deviceId];
