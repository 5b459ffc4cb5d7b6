// The hub's log of one device, newest first, as far back as was asked for. The chart and the Events section share it.

import { get } from '../api/http';
import type { ActivityItem, Page } from '../api/types';

const PAGE = 200;

export class DeviceLog {
  items = $state.raw<ActivityItem[]>([]);
  next = $state<string | null>(null);
  problem = $state('');
  loaded = $state(false);
  private readonly id: string;

  constructor(id: string) {
    this.id = id;
  }

  /** Reads the newest page again: something has happened. Older pages that were loaded go; they can be asked for. */
  reload(): Promise<void> {
    return this.read(null);
  }

  older(): Promise<void> {
    return this.read(this.next);
  }

  private async read(cursor: string | null): Promise<void> {
    const query = new URLSearchParams({
      device_id: this.id,
      limit: String(PAGE),
      ...(cursor ? { cursor } : {}),
    });
    try {
      const page = await get<Page<ActivityItem>>(`/api/activity?${query}`);
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.loaded = true;
  }
}
