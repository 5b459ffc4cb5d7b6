// Acknowledging alerts: which ones a person is being asked about, and the request itself.

import { post, remove } from '../api/http';
import type { Alert } from '../api/types';
import { toasts } from '../lib/toasts.svelte';
import { session } from '../live/session.svelte';
import { T } from '../texts';

class Acknowledging {
  /** Alerts the dialog asks about; empty when it is closed. */
  asked = $state.raw<Alert[]>([]);
  /** Alerts whose request is under way, by id. */
  busy = $state.raw<ReadonlySet<string>>(new Set());

  ask(alerts: Alert[]): void {
    this.asked = alerts;
  }

  close(): void {
    this.asked = [];
  }

  /** Acknowledges one; true when the hub agreed. What went wrong is said in a toast. */
  async acknowledge(alert: Alert, note = ''): Promise<boolean> {
    this.busy = new Set([...this.busy, alert.id]);
    try {
      const path = `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`;
      session.replace(await post<Alert>(path, note ? { note } : {}));
      return true;
    } catch (error) {
      toasts.fail(error);
      return false;
    } finally {
      this.busy = new Set([...this.busy].filter((id) => id !== alert.id));
    }
  }

  async confirm(note: string): Promise<void> {
    const alerts = this.asked;
    this.close();
    await this.give(alerts, note);
  }

  /** Acknowledges them without asking, and offers to take it back. */
  async give(alerts: Alert[], note = ''): Promise<void> {
    const results = await Promise.all(alerts.map((alert) => this.acknowledge(alert, note)));
    const done = alerts.filter((_, k) => results[k]);
    if (results.every(Boolean)) toasts.say(T.alerts.done, () => this.undo(done));
  }

  /** Takes acknowledgements back. */
  private async undo(alerts: Alert[]): Promise<void> {
    for (const alert of alerts) {
      const path = `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`;
      session.replace(await remove<Alert>(path));
    }
    toasts.say(T.alerts.undone);
  }
}

export const acknowledging = new Acknowledging();
