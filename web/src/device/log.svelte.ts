// Activity log of one device, newest first, loaded on demand. Shared by the chart and the Events section.

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

  /** Reload the newest page after an event. Older pages are dropped and can be loaded again. */
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
