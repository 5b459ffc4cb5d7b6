// Which row the keyboard is on and which rows are selected, by device id: ids outlive a reconnect.

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
