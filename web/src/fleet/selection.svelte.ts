// Keyboard cursor and selected rows, by device id, which survives a reconnect.

import { SvelteSet } from 'svelte/reactivity';
import { fleet } from '../live/session.svelte';

export class Selection {
  /** Devices that are selected at once by `all`. */
  readonly most = 1000;
  active = $state<string | null>(null);
  /** A click selects a device instead of opening it, and the check boxes are visible: also for fingers. */
  selecting = $state(false);
  readonly ids = new SvelteSet<string>();

  toggle(id: string): void {
    if (!this.ids.delete(id)) this.ids.add(id);
  }

  /** Select the devices of these rows. */
  all(rows: ArrayLike<number>): void {
    for (let k = 0; k < rows.length && this.ids.size < this.most; k++) this.ids.add(fleet.id[rows[k]!]!);
  }

  /** Return whether one of these rows is not selected. */
  lacks(rows: Int32Array): boolean {
    return rows.some((row) => !this.ids.has(fleet.id[row]!));
  }

  /** Whether `all` selects nothing more. */
  get isFull(): boolean {
    return this.ids.size >= this.most;
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) this.ids.delete(id);
  }

  clear(): void {
    this.ids.clear();
    this.selecting = false;
  }
}
