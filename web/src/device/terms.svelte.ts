// The quantities, places, roles and kinds of machine that the hub knows, loaded once.

import { get } from '../api/http';
import type { Term, Terms } from '../api/types';
import { toasts } from '../lib/toasts.svelte';

type List = 'quantities' | 'places' | 'roles' | 'kinds';

class TermLists {
  lists = $state.raw<Terms>({ quantities: [], places: [], roles: [], kinds: [] });
  private asked = false;

  /** Load the lists if that has not been done; an error is shown as a toast. */
  async load(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    try {
      this.lists = await get<Terms>('/api/terms');
    } catch (error) {
      this.asked = false;
      toasts.fail(error);
    }
  }

  /** Return the title of a term; its id while the lists are being loaded. */
  title(list: List, id: string): string {
    return this.lists[list].find((term: Term) => term.id === id)?.title ?? id;
  }
}

export const terms = new TermLists();
