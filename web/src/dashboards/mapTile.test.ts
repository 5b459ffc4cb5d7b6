import { flushSync, mount, tick, unmount } from 'svelte';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tile } from '../api/types';
import { fleet, session } from '../live/session.svelte';
import { MOST_POSITIONS, readPositions } from './positions';
import MapTile from './tiles/MapTile.svelte';

type Place = readonly [latitude: number, longitude: number];

/** Load a fleet with a device at each place. */
function load(places: Record<string, Place>): void {
  const ids = Object.keys(places);
  const rows = ids.map((_, k) => k);
  const zeros = rows.map(() => 0);
  const metric = (part: 0 | 1) => ({
    i: rows,
    v: ids.map((id) => places[id]![part]),
    u: rows.map(() => null),
  });
  fleet.load({
    type: 'snapshot',
    epoch: 'e',
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices: {
      ...{ i: rows, id: ids, name: ids.map((id) => `The ${id}`), area: rows.map(() => null) },
      ...{ model: rows.map(() => null), dialect: rows.map(() => 'native'), labels: rows.map(() => []) },
      ...{ presence: zeros, severity: zeros, seen: zeros },
    },
    metrics: { latitude: metric(0), longitude: metric(1) },
  } as unknown as Parameters<typeof fleet.load>[0]);
  session.epoch++;
}

const NEAR: Record<string, Place> = { 'bike-2': [52.5, 13.45], 'bike-10': [52.50001, 13.45] };

describe('positions of the fleet', () => {
  it('are those on earth, and of one device if only that is wanted', () => {
    load({ van: [52.5, 13.4], lost: [0, 0], wrong: [91, 5] });
    expect(readPositions(fleet)).toEqual({
      points: [{ id: 'van', latitude: 52.5, longitude: 13.4 }],
      count: 1,
    });
    expect(readPositions(fleet, 'lost').count).toBe(0);
  });

  it('are counted beyond those that a map shows', () => {
    load(Object.fromEntries(Array.from({ length: MOST_POSITIONS + 5 }, (_, k) => [`d${k}`, [50, k / 100]])));
    const { points, count } = readPositions(fleet);
    expect([points.length, count]).toEqual([MOST_POSITIONS, MOST_POSITIONS + 5]);
  });
});

describe('the map of a dashboard', () => {
  let resize: ResizeObserverCallback;
  let page: Record<string, unknown>;

  beforeAll(() => {
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(listener: ResizeObserverCallback) {
          resize = listener;
        }
        observe(target: Element): void {
          const contentRect = { width: 600, height: 400 } as DOMRectReadOnly;
          resize([{ target, contentRect } as ResizeObserverEntry], this as unknown as ResizeObserver);
        }
        unobserve(): void {}
      },
    );
    return () => vi.unstubAllGlobals();
  });
  beforeEach(() => void (document.body.innerHTML = ''));
  afterEach(() => unmount(page));

  function show(tile: Partial<Tile> = {}): void {
    page = mount(MapTile, { target: document.body, props: { tile: { kind: 'map', ...tile } as Tile } });
    flushSync();
  }

  const find = (selector: string): HTMLElement => document.querySelector<HTMLElement>(selector)!;
  const links = (): (string | null)[] =>
    [...document.querySelectorAll('li a')].map((link) => link.getAttribute('href'));

  async function press(key: string): Promise<KeyboardEvent> {
    const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
    find('g[role=button]').dispatchEvent(event);
    await tick();
    return event;
  }

  it('lists the devices of a group that does not split', async () => {
    load({ van: [52.5, 13.4], ...NEAR });
    show();
    const event = await press(' ');
    expect(event.defaultPrevented).toBe(true);
    expect(links()).toEqual(['/d/bike-2', '/d/bike-10']);
    expect(document.querySelector('svg')).toBeNull();
  });

  it('lists devices that all are at one place', async () => {
    load(NEAR);
    show();
    await press('Enter');
    expect(links()).toHaveLength(2);
  });

  it('moves the focus to "Show all", and back to the group', async () => {
    load({ van: [52.5, 13.4], ...NEAR });
    show();
    await press('Enter');
    await vi.waitFor(() => expect(document.activeElement?.textContent).toBe('Show all'));
    find('.all').click();
    await vi.waitFor(() =>
      expect(document.activeElement?.getAttribute('aria-label')).toMatch(/^2 devices: /),
    );
  });

  it('shows all again when the devices of the group are gone', async () => {
    load({ van: [52.5, 13.4], ...NEAR });
    show();
    await press('Enter');
    load({ van: [52.5, 13.4] });
    flushSync();
    expect(find('svg').getAttribute('aria-label')).toBe('Map of 1 device');
    expect(document.querySelector('.all')).toBeNull();
  });

  it('says that no device has a position where the only one has no fix', () => {
    load({ lost: [0, 0] });
    show();
    expect(find('p').textContent).toMatch('No device reports a position');
  });

  it('says how many devices it leaves out', () => {
    load(Object.fromEntries(Array.from({ length: MOST_POSITIONS + 5 }, (_, k) => [`d${k}`, [50, k / 100]])));
    show();
    expect(find('.most').textContent).toBe('The first 2,000 of 2,005 devices are shown.');
  });
});
