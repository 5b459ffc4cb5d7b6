// The list of the fleet page: filters and sort order from the URL. It is sorted at once when the user changes them, at most once
// a second when data changes, and not while the pointer moves in the list.

import { router } from '../lib/router.svelte';
import type { Changes } from '../live/fleet';
import { fleet } from '../live/session.svelte';
import { byName, filtersOf, isLive, rank, sortOf, sortText, type Counts, type Facet } from './filters';

const RERANK_MS = 1000;
/** A pointer that has not moved for this long no longer keeps the order. */
const HOLD_MS = 10_000;
const EMPTY: Counts = { status: new Map(), severity: new Map(), area: new Map(), label: new Map() };

export class FleetView {
  readonly filters = $derived(filtersOf(router.query));
  readonly sort = $derived(sortOf(router.query));
  order = $state.raw<Int32Array>(new Int32Array(0));
  counts = $state.raw<Counts>(EMPTY);
  total = $state(0);
  readonly filtered = $derived(
    this.filters.q !== '' ||
      this.filters.ids.size > 0 ||
      Object.values(this.filters.facets).some((set) => set.size > 0),
  );

  private names: Int32Array = new Int32Array(0);
  private namesStale = true;
  private pending = false;
  private heldUntil = 0;

  /** Start to follow the fleet. Return a function to stop. Call inside an effect root. */
  follow(): () => void {
    const stop = fleet.onChange((changes) => this.changed(changes));
    const timer = setInterval(() => this.tick(), RERANK_MS);
    $effect(() => {
      void this.filters;
      void this.sort;
      this.recompute(false);
    });
    return () => {
      stop();
      clearInterval(timer);
    };
  }

  /** Keep the order while the pointer moves over the list. */
  hold(): void {
    this.heldUntil = performance.now() + HOLD_MS;
  }

  release(): void {
    this.heldUntil = 0;
  }

  toggle(facet: Facet, value: string): void {
    const set = new Set(this.filters.facets[facet]);
    if (!set.delete(value)) set.add(value);
    router.set({ [facet]: [...set] });
  }

  only(facet: Facet, values: string[]): void {
    router.set({ [facet]: values });
  }

  search(text: string): void {
    router.set({ q: text });
  }

  /** Show only these devices; without any, show all. */
  pick(ids: readonly string[]): void {
    router.set({ id: ids.join(',') });
  }

  clear(): void {
    router.set({ q: null, id: null, status: null, severity: null, area: null, label: null });
  }

  sortBy(key: string): void {
    const same = this.sort.key === key;
    const falling = same
      ? !this.sort.descending
      : ['alert', 'seen', 'reading'].includes(key) || key.startsWith('m.');
    router.set({ sort: sortText({ key, descending: falling }) });
  }

  private changed(changes: Changes): void {
    if (changes.members) {
      this.namesStale = true;
      // A new device is listed at once, at the end while the order is kept.
      if (fleet.count !== this.total) this.recompute(performance.now() < this.heldUntil);
      else this.pending = true;
    }
    if (changes.state || isLive(this.sort)) this.pending = true;
  }

  private tick(): void {
    if (this.pending && performance.now() >= this.heldUntil && !document.hidden) this.recompute(false);
  }

  private recompute(held: boolean): void {
    if (this.namesStale) {
      this.names = byName(fleet);
      this.namesStale = false;
    }
    const { order, counts } = rank(fleet, this.names, this.filters, this.sort);
    this.order = held ? this.keepOrder(order) : order;
    this.counts = counts;
    this.total = fleet.count;
    this.pending = false;
  }

  /** Return the rows of `next` in the current order, new ones at the end. */
  private keepOrder(next: Int32Array): Int32Array {
    const wanted = new Set(next);
    const kept = [...this.order].filter((row) => wanted.delete(row));
    return Int32Array.from([...kept, ...wanted]);
  }
}
