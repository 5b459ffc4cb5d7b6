// The code of the pages: what is shown comes at once, the rest while nothing else is to be done.

import type { Component } from 'svelte';
import { load, NAMES, type Shown } from '../routes';

type Page = Component<Record<string, string>>;

/** The first page has painted and its readings run by then. */
const REST_AFTER_MS = 3000;

class PageCode {
  private loaded = $state.raw<Partial<Record<Shown['name'], Page>>>({});
  /** Why the page that is asked for is not here: the hub is away, or it was updated under an open page. */
  problem = $state(false);

  /** The page's component, or undefined until it has come. */
  of(name: Shown['name']): Page | undefined {
    return this.loaded[name];
  }

  async want(name: Shown['name']): Promise<void> {
    if (this.loaded[name]) return;
    try {
      const page = await load(name);
      this.loaded = { ...this.loaded, [name]: page };
      this.problem = false;
    } catch {
      this.problem = true;
    }
  }

  /** Fetches the others one after another; one that fails is asked for again when it is needed. */
  start(): void {
    setTimeout(async () => {
      for (const name of NAMES) await load(name).then((page) => (this.loaded = { ...this.loaded, [name]: page }), () => undefined);
    }, REST_AFTER_MS); // prettier-ignore
  }
}

export const pageCode = new PageCode();
