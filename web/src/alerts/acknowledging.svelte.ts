// Acknowledge alerts: those that the dialog asks about, and the requests.

import { post, remove } from '../api/http';
import type { Alert } from '../api/types';
import { toasts } from '../lib/toasts.svelte';
import { session } from '../live/session.svelte';
import { T } from '../texts';

class Acknowledging {
  /** Alerts that the dialog asks about; empty while it is closed. */
  pending = $state.raw<Alert[]>([]);
  /** Ids of alerts whose request is running. */
  busy = $state.raw<ReadonlySet<string>>(new Set());

  ask(alerts: Alert[]): void {
    this.pending = alerts;
  }

  close(): void {
    this.pending = [];
  }

  /** Acknowledge one alert. Return whether the hub accepted it; errors are shown as a toast. */
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
    const alerts = this.pending;
    this.close();
    await this.acknowledgeAll(alerts, note);
  }

  /** Acknowledge `alerts` without a dialog, and offer to undo it. */
  async acknowledgeAll(alerts: Alert[], note = ''): Promise<void> {
    const results = await Promise.all(alerts.map((alert) => this.acknowledge(alert, note)));
    const done = alerts.filter((_, k) => results[k]);
    if (results.every(Boolean)) toasts.show(T.alerts.done, () => this.undo(done));
  }

  /** Withdraw acknowledgements. */
  private async undo(alerts: Alert[]): Promise<void> {
    for (const alert of alerts) {
      const path = `/api/alerts/${encodeURIComponent(alert.id)}/acknowledge`;
      session.replace(await remove<Alert>(path));
    }
    toasts.show(T.alerts.undone);
  }
}

export const acknowledging = new Acknowledging();
