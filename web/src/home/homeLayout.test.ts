import { createRawSnippet, flushSync, mount, tick, unmount } from 'svelte';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { toasts } from '../lib/toasts.svelte';
import { fleet } from '../live/session.svelte';
import { HomeView } from './homeView.svelte';
import type { HomeDevice } from './device';
import ArrangedCard from './ArrangedCard.svelte';
import { homeLayout, orderAfter } from './homeLayout.svelte';

const names = (count: number, start = 'd'): string[] =>
  Array.from({ length: count }, (_, k) => `${start}${k}`);

/** Load a fleet with these devices. */
function load(ids: string[]): void {
  const rows = ids.map((_, k) => k);
  const zeros = rows.map(() => 0);
  const devices = {
    ...{ i: rows, id: ids, name: ids, area: rows.map(() => null), model: rows.map(() => null) },
    ...{ dialect: rows.map(() => 'native'), labels: rows.map(() => []) },
    ...{ presence: zeros, severity: zeros, seen: zeros },
  };
  const message = {
    type: 'snapshot',
    epoch: 'e',
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices,
    metrics: {},
  };
  fleet.load(message as unknown as Parameters<typeof fleet.load>[0]);
}

describe('the stored order', () => {
  it('has the cards of an area only up to the last one that was moved', () => {
    const area = names(600);
    const first = orderAfter(['lamp'], 'd0', 1, area);
    expect(first).toEqual(['lamp', 'd1', 'd0']);
    const shown = ['d1', 'd0', ...area.slice(2)];
    expect(orderAfter(first, 'd4', -1, shown)).toEqual(['lamp', 'd1', 'd0', 'd2', 'd4', 'd3']);
    expect(orderAfter(first, 'd1', -1, shown)).toEqual(['lamp', 'd1', 'd0']);
  });
});

describe('the arrangement of a person', () => {
  beforeEach(() => {
    for (const id of [...homeLayout.hidden]) homeLayout.toggle(id);
    toasts.list = [];
  });

  it('refuses one card more than can be kept, and keeps the others', () => {
    const ids = names(501);
    load(ids);
    for (const id of ids) homeLayout.toggle(id);
    expect(homeLayout.hidden.size).toBe(500);
    expect(homeLayout.hidden.has('d0')).toBe(true);
    expect(toasts.list.map(({ text, tone }) => [text, tone])).toEqual([
      ['You can move at most 500 cards and hide at most 500.', 'bad'],
    ]);
  });

  it('gives the places of deleted devices to others', () => {
    const ids = names(500, 'gone');
    load(ids);
    for (const id of ids) homeLayout.toggle(id);
    load(['new', 'gone7']);
    homeLayout.toggle('new');
    expect([...homeLayout.hidden]).toEqual(['gone7', 'new']);
    expect(toasts.list).toEqual([]);
  });
});

it('cards are not arranged while only a part of each area is shown', () => {
  const arranging = (isPart: boolean): boolean => {
    const view = new HomeView(() => isPart);
    view.arrange = true;
    return view.arranging;
  };
  expect([arranging(false), arranging(true)]).toEqual([true, false]);
});

it('a card keeps the focus on its button at the end of its area', async () => {
  const device = { id: 'b', name: 'Lamp' } as HomeDevice;
  const children = createRawSnippet(() => ({ render: () => '<p></p>' }));
  const move = vi.spyOn(homeLayout, 'move');
  const card = mount(ArrangedCard, { target: document.body, props: { device, ids: ['a', 'b'], children } });
  flushSync();
  const [forward, back] = [...document.querySelectorAll<HTMLButtonElement>('.arranged .ib')];
  back!.focus();
  back!.click();
  expect(move).not.toHaveBeenCalled();
  expect(back!.getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement).toBe(back);
  forward!.click();
  await tick();
  expect(move).toHaveBeenCalledWith('b', -1, ['a', 'b']);
  await vi.waitFor(() => expect(document.activeElement).toBe(forward));
  move.mockRestore();
  await unmount(card);
});
