// Descriptions of the devices on a dashboard, for their commands: fetched once per device and session of the hub.

import { SvelteMap } from 'svelte/reactivity';
import { get } from '../api/http';
import type { DeviceDetail } from '../api/types';

class DeviceDetails {
  private readonly known = new SvelteMap<string, DeviceDetail>();

  /** Return the device, or undefined until it has been fetched. */
  of(id: string): DeviceDetail | undefined {
    return this.known.get(id);
  }

  /** Fetch the device if it is not known yet. Throws HubError. */
  async load(id: string): Promise<DeviceDetail> {
    const known = this.known.get(id);
    if (known) return known;
    const device = await get<DeviceDetail>(`/api/devices/${encodeURIComponent(id)}`);
    this.known.set(id, device);
    return device;
  }

  /** Forget what was fetched: the hub may have restarted. */
  clear(): void {
    this.known.clear();
  }
}

export const deviceDetails = new DeviceDetails();
