import { describe, expect, it } from 'vitest';
import { added, inOrder, place, reordered, settled, stepped, type Place } from './layout';

const tile = (id: string, x: number, y: number, w = 4, h = 2): Place => ({ id, x, y, w, h });
const places = (tiles: readonly Place[]): string[] =>
  tiles.map(({ id, x, y, w, h }) => `${id} ${x},${y} ${w}×${h}`);
const isFree = (tiles: readonly Place[]): boolean =>
  tiles.every((a, k) =>
    tiles
      .slice(k + 1)
      .every((b) => a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h),
  );

describe('place', () => {
  const row = [tile('a', 0, 0), tile('b', 4, 0), tile('c', 8, 0)];

  it('moves a tile in the same row down', () => {
    expect(places(place(row, 'a', tile('a', 4, 0)))).toEqual(['a 4,0 4×2', 'b 4,2 4×2', 'c 8,0 4×2']);
  });

  it('keeps tiles on the grid', () => {
    expect(places(place(row, 'a', tile('a', 11, -3, 20, 0)))[0]).toBe('a 0,0 12×1');
    expect(places(place(row, 'c', tile('c', 11, 0)))[2]).toBe('c 8,0 4×2');
  });

  it('lets a tile rise to the others', () => {
    expect(places(place(row, 'a', tile('a', 0, 40)))[0]).toBe('a 0,0 4×2');
    expect(places(place(row, 'a', tile('a', 4, 40)))[0]).toBe('a 4,2 4×2');
  });

  it('never lets tiles overlap', () => {
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    let tiles = Array.from({ length: 30 }, (_, k) => tile(`t${k}`, 0, 0, 1 + next(6), 1 + next(4)));
    tiles = tiles.reduce<Place[]>((all, each) => added(all, each), []);
    for (let k = 0; k < 200; k++) {
      const id = `t${next(30)}`;
      tiles = place(tiles, id, { x: next(14) - 1, y: next(20), w: next(14), h: next(6) });
      expect(isFree(tiles)).toBe(true);
      expect(tiles.every(({ x, w }) => x >= 0 && x + w <= 12)).toBe(true);
    }
  });
});

describe('added', () => {
  it('uses the first free place', () => {
    const tiles = [tile('a', 0, 0), tile('b', 8, 0)];
    expect(places(added(tiles, tile('c', 0, 0)))[2]).toBe('c 4,0 4×2');
    expect(places(added(tiles, tile('c', 0, 0, 6)))[2]).toBe('c 0,2 6×2');
  });
});

describe('reordered', () => {
  it('swaps a tile with its neighbour in reading order', () => {
    const tiles = [tile('a', 0, 0, 12), tile('b', 0, 2, 12), tile('c', 0, 4, 12)];
    const order = (list: readonly Place[]): string =>
      inOrder(list)
        .map(({ id }) => id)
        .join('');
    expect(order(reordered(tiles, 'c', -1))).toBe('acb');
    expect(order(reordered(tiles, 'a', 1))).toBe('bac');
    expect(order(reordered(tiles, 'a', -1))).toBe('abc');
  });
});

describe('settled', () => {
  it('moves overlapping tiles apart and closes gaps', () => {
    const tiles = [tile('a', 0, 3), tile('b', 2, 3), tile('c', 8, 9)];
    expect(places(settled(tiles))).toEqual(['a 0,0 4×2', 'b 2,2 4×2', 'c 8,0 4×2']);
  });
});

describe('stepped', () => {
  const tiles = [tile('a', 0, 0), tile('b', 0, 2), tile('c', 6, 0)];

  it('moves a tile past those above and below', () => {
    expect(places(stepped(tiles, 'a', 1))).toEqual(['a 0,2 4×2', 'b 0,0 4×2', 'c 6,0 4×2']);
    expect(places(stepped(tiles, 'b', -1))).toEqual(['a 0,2 4×2', 'b 0,0 4×2', 'c 6,0 4×2']);
  });

  it('leaves a tile that has nothing there', () => {
    expect(stepped(tiles, 'c', 1)).toEqual(tiles);
    expect(stepped(tiles, 'a', -1)).toEqual(tiles);
  });
});
