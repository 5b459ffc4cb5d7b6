// Keyboard cursor and selected rows, by device id, which survives a reconnect.

import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  active = $state<string | null>(null);
  readonly ids = new SvelteSet<string>();

  toggle(id: string): void {
    if (!this.ids.delete(id)) this.ids.add(id);
  }

  clear(): void {
    this.ids.clear();
  }
}
