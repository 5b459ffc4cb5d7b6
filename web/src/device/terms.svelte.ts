// The quantities, places, roles and kinds of machine that the hub knows, loaded once.

import { get } from '../api/http';
import type { Term, Terms } from '../api/types';
import { toasts } from '../lib/toasts.svelte';
import { T } from '../texts';

const OTHER = 'other';
const { compare } = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

type List = 'quantities' | 'places' | 'roles' | 'kinds';

class TermLists {
  lists = $state.raw<Terms>({ quantities: [], places: [], roles: [], kinds: [] });
  private asked = false;

  /** Load the lists if that has not been done; an error is shown as a toast. */
  async load(): Promise<void> {
    if (this.asked) return;
    this.asked = true;
    try {
      this.lists = translated(await get<Terms>('/api/terms'));
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

/** Return the lists with titles in the language of the page, in the order of the alphabet. Roles keep the hub's order, and
 *  what is none of the others is last. */
function translated(lists: Terms): Terms {
  const titled = (list: List): Term[] =>
    lists[list].map((term) => ({
      ...term,
      title: (T.terms[list] as Record<string, string>)[term.id] ?? term.title,
    }));
  const ordered = (list: List): Term[] =>
    titled(list).sort((a, b) => Number(a.id === OTHER) - Number(b.id === OTHER) || compare(a.title, b.title));
  return {
    quantities: ordered('quantities'),
    places: ordered('places'),
    roles: titled('roles'),
    kinds: ordered('kinds'),
  };
}

export const terms = new TermLists();
