// Load the code of pages: the current one at once, the others when the browser is idle.

import type { Component } from 'svelte';
import { load, NAMES, type Shown } from '../routes';

type Page = Component<Record<string, string>>;

/** By then the first page is painted and live. */
const REST_AFTER_MS = 3000;

class PageCode {
  private loaded = $state.raw<Partial<Record<Shown['name'], Page>>>({});
  /** Error if the page could not be loaded: the hub is unreachable, or was updated while the page was open. */
  problem = $state(false);

  /** The page's component; undefined until it is loaded. */
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

  /** Load the other pages one after another; one that fails is loaded again when it is needed. */
  start(): void {
    setTimeout(async () => {
      for (const name of NAMES) await load(name).then((page) => (this.loaded = { ...this.loaded, [name]: page }), () => undefined);
    }, REST_AFTER_MS); // prettier-ignore
  }
}

export const pageCode = new PageCode();
