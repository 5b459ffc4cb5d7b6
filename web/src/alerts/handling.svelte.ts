// What people do with alerts: the dialog that asks about it, and the requests.

import { post } from '../api/http';
import type { Alert, BulkResults } from '../api/types';
import { toasts } from '../lib/toasts.svelte';
import { session } from '../live/session.svelte';
import { T } from '../texts';

export type Action = 'acknowledge' | 'unacknowledge' | 'assign' | 'mute' | 'unmute' | 'close';
/** Actions that the dialog asks about. */
export type Asked = 'acknowledge' | 'mute' | 'close';
export interface Details {
  note?: string;
  /** Epoch ms; null for until the alert is cleared. */
  until?: number | null;
  account_id?: string | null;
}

const UNDO: Partial<Record<Action, Action>> = { acknowledge: 'unacknowledge', mute: 'unmute' };
/** Alerts of one request. */
const AT_ONCE = 200;

class Handling {
  asked = $state<Asked>('acknowledge');
  /** Alerts that the dialog asks about; empty while it is closed. */
  pending = $state.raw<Alert[]>([]);
  /** Ids of alerts whose request is running. */
  busy = $state.raw<ReadonlySet<string>>(new Set());

  ask(asked: Asked, alerts: Alert[]): void {
    this.asked = asked;
    this.pending = alerts;
  }

  close(): void {
    this.pending = [];
  }

  async confirm(details: Details): Promise<void> {
    const alerts = this.pending;
    this.close();
    await this.run(this.asked, alerts, details);
  }

  /** Carry out an action, and offer to undo it. Errors are shown as a toast. */
  async run(action: Action, alerts: Alert[], details: Details = {}): Promise<void> {
    try {
      await this.request(action, alerts, details);
      const undo = UNDO[action];
      toasts.show(T.alerts.done[action], undo && (() => this.undo(undo, alerts)));
    } catch (error) {
      toasts.fail(error);
    }
  }

  private async undo(action: Action, alerts: Alert[]): Promise<void> {
    await this.request(action, alerts);
    toasts.show(T.alerts.done[action]);
  }

  /** Send the requests, and apply the changed alerts. Throws the error of the first alert that was not changed. */
  private async request(action: Action, alerts: Alert[], details: Details = {}): Promise<void> {
    const ids = alerts.map((alert) => alert.id);
    this.busy = new Set([...this.busy, ...ids]);
    try {
      const failed: string[] = [];
      for (let k = 0; k < ids.length; k += AT_ONCE) {
        const body = { alerts: ids.slice(k, k + AT_ONCE), action, ...details };
        const { items } = await post<BulkResults>('/api/alert-actions', body);
        for (const { alert } of items) if (alert) session.replace(alert);
        failed.push(...items.flatMap(({ error }) => error ?? []));
      }
      if (failed.length) throw new Error(failed[0]);
    } finally {
      this.busy = new Set([...this.busy].filter((id) => !ids.includes(id)));
    }
  }
}

export const handling = new Handling();
