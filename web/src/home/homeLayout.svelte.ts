// Which devices the Home page leaves out, and in which order it shows the others: kept in the person's account, or in this browser
// where nobody is signed in with an account.

import { who } from '../account/who.svelte';
import { patch } from '../api/http';
import { toasts } from '../lib/toasts.svelte';
import { fleet } from '../live/session.svelte';
import { T } from '../texts';

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
    const { order, hidden } = this.current;
    this.save({ order: orderAfter(order, id, step, ids), hidden });
  }

  private save(wanted: Layout): void {
    const next = { order: bounded(wanted.order), hidden: bounded(wanted.hidden) };
    // Leaving out some would move or show other cards than the one that was pressed.
    if (next.order.length > MOST || next.hidden.length > MOST) {
      toasts.fail(T.home.mostArranged(MOST));
      return;
    }
    const before = this.changed;
    this.changed = next;
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

/** Return the stored order after a move of `id` within its area: of each area only the cards up to the last one that was moved,
 *  since those behind it keep the usual order. */
export function orderAfter(
  order: readonly string[],
  id: string,
  step: 1 | -1,
  ids: readonly string[],
): string[] {
  const next = moved(ids, id, step);
  const area = new Set(ids);
  const arranged = new Set(order);
  const last = next.findLastIndex((each, at) => arranged.has(each) || each !== ids[at]);
  return [...order.filter((each) => !area.has(each)), ...next.slice(0, last + 1)];
}

/** Return the ids; without those of deleted devices if they are more than can be kept. */
const bounded = (ids: readonly string[]): readonly string[] =>
  ids.length > MOST ? ids.filter((id) => fleet.handle(id) >= 0) : ids;

export const homeLayout = new HomeLayout();
