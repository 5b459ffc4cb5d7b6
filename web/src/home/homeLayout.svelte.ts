// Which devices the Home page leaves out, and in which order it shows the others: kept in the person's account, or in this browser
// where nobody is signed in with an account.

import { who } from '../account/who.svelte';
import { patch } from '../api/http';
import { toasts } from '../lib/toasts.svelte';

const KEY = 'home-layout';
/** As many as the hub keeps. */
const MOST = 500;

interface Layout {
  order: readonly string[];
  hidden: readonly string[];
}

const NOTHING: Layout = { order: [], hidden: [] };

function stored(): Layout {
  try {
    const { order, hidden } = JSON.parse(localStorage.getItem(KEY) ?? '') as Partial<Layout>;
    return Array.isArray(order) && Array.isArray(hidden) ? { order, hidden } : NOTHING;
  } catch {
    return NOTHING;
  }
}

class HomeLayout {
  /** What was changed on this page; the account is read again only with the page. */
  private changed = $state.raw<Layout | null>(null);
  private readonly current: Layout = $derived.by(() => {
    if (this.changed) return this.changed;
    const profile = who.account?.profile;
    return profile ? { order: profile.home_order, hidden: profile.home_hidden } : stored();
  });
  readonly order = $derived(this.current.order);
  readonly hidden: ReadonlySet<string> = $derived(new Set(this.current.hidden));

  toggle(id: string): void {
    const { order, hidden } = this.current;
    this.save({
      order,
      hidden: this.hidden.has(id) ? hidden.filter((each) => each !== id) : [...hidden, id],
    });
  }

  /** Move a device one place forward (-1) or back (1) among `ids`, the devices of its area as they are shown. */
  move(id: string, step: 1 | -1, ids: readonly string[]): void {
    const next = moved(ids, id, step);
    const { order, hidden } = this.current;
    this.save({ order: [...order.filter((each) => !ids.includes(each)), ...next], hidden });
  }

  private save({ order, hidden }: Layout): void {
    const before = this.changed;
    this.changed = { order: order.slice(-MOST), hidden: hidden.slice(-MOST) };
    if (!who.account) localStorage.setItem(KEY, JSON.stringify(this.changed));
    else
      patch('/api/account', { home_order: this.changed.order, home_hidden: this.changed.hidden }).catch(
        (error: unknown) => {
          this.changed = before;
          toasts.fail(error);
        },
      );
  }
}

/** Return the ids with one of them a place further. */
export function moved(ids: readonly string[], id: string, step: 1 | -1): string[] {
  const at = ids.indexOf(id);
  const to = at + step;
  if (at < 0 || to < 0 || to >= ids.length) return [...ids];
  return ids.with(at, ids[to]!).with(to, id);
}

export const homeLayout = new HomeLayout();
