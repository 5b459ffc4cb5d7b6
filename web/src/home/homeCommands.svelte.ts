// Commands of the devices on the Home page: what each device accepts, and the newest command of each kind with its state.

import { SvelteMap } from 'svelte/reactivity';
import { get } from '../api/http';
import type { Command, DeviceDetail } from '../api/types';
import { descriptors, type Descriptor } from '../commands/descriptor';
import { sendCommand } from '../commands/sendCommand';
import { clock } from '../lib/clock.svelte';
import { toasts } from '../lib/toasts.svelte';
import { session } from '../live/session.svelte';

export interface Accepted {
  takes: [string, Descriptor][];
  categories: Record<string, string>;
  reported: Record<string, unknown>;
}

export interface Progress {
  state: 'pending' | 'failed';
  command: Command;
}

/** A failed command is shown for this long, or until the next one. */
const FAILURE_MS = 300_000;
const NOTHING: Accepted = { takes: [], categories: {}, reported: {} };
const keyOf = (device: string, name: string): string => `${device} ${name}`;

class HomeCommands {
  private readonly accepted = new SvelteMap<string, Accepted>();
  private readonly newest = new SvelteMap<string, Command>();

  /** Follow the commands of all devices. Return a function to stop. */
  follow(): () => void {
    return session.onCommand((command) => this.take(command));
  }

  /** Return whether a device has been loaded. */
  knows(device: string): boolean {
    return this.accepted.has(device);
  }

  of(device: string): Accepted {
    return this.accepted.get(device) ?? NOTHING;
  }

  /** Return the newest command to `name` of a device that this page knows of. */
  private newestOf(device: string, name: string): Command | undefined {
    return this.newest.get(keyOf(device, name));
  }

  /** Return the state of the newest command to `name`: in progress, or failed a short time ago; otherwise null. */
  progress(device: string, name: string): Progress | null {
    const command = this.newestOf(device, name);
    if (!command) return null;
    if (command.settled_at === null) return { state: 'pending', command };
    const failed = !['confirmed', 'acknowledged'].includes(command.state);
    return failed && clock.now - command.settled_at < FAILURE_MS ? { state: 'failed', command } : null;
  }

  /** Return the value of `name` that the device has confirmed last, for commands that no metric shows; undefined if not known. */
  reportedOf(device: string, name: string, key: string | null | undefined): unknown {
    const command = this.newestOf(device, name);
    if (command?.state === 'confirmed') return command.value;
    return key ? this.of(device).reported[key] : undefined;
  }

  /** Load what a device accepts, and which of its commands are in progress. */
  async load(device: string): Promise<void> {
    const path = `/api/devices/${encodeURIComponent(device)}`;
    try {
      const { info, reported } = await get<DeviceDetail>(path);
      const takes = descriptors(info.commands as Record<string, unknown>);
      const categories = (info.categories ?? {}) as Record<string, string>;
      this.accepted.set(device, { takes, categories, reported });
      if (!takes.length) return;
      const { items } = await get<{ items: Command[] }>(`${path}/commands`);
      // What ended while the page was not connected is updated; older commands are of no interest.
      for (const command of items)
        if (command.settled_at === null || this.newestOf(device, command.name)?.id === command.id)
          this.take(command);
    } catch {
      // The card shows the values without controls; it is loaded again with the next connection.
    }
  }

  async send(device: string, name: string, value: unknown): Promise<void> {
    try {
      this.take(await sendCommand(device, name, value));
    } catch (error) {
      toasts.fail(error);
    }
  }

  private take(command: Command): void {
    const key = keyOf(command.device_id, command.name);
    const known = this.newest.get(key);
    // The answer to the request may arrive after the first change of the command.
    if (known && (known.created_at > command.created_at || (known.id === command.id && known.settled_at)))
      return;
    this.newest.set(key, command);
  }
}

export const homeCommands = new HomeCommands();
