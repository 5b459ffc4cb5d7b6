// Places of tiles on a grid of 12 columns. Tiles never overlap and rise as far as they can. Pure.

export const COLUMNS = 12;
export const MOST_ROWS = 100;

export interface Place {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

const overlap = (a: Place, b: Place): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

const between = (low: number, value: number, high: number): number => Math.max(low, Math.min(high, value));

/** Return tiles in reading order: by row, then by column. */
export const inOrder = <P extends Place>(tiles: readonly P[]): P[] =>
  tiles.toSorted((a, b) => a.y - b.y || a.x - b.x);

/** Move tiles up, one after the other in this order, until each meets another. The order of the list stays. */
function compact<P extends Place>(tiles: readonly P[], order: readonly P[]): P[] {
  const placed = new Map<string, P>();
  for (const tile of order) placed.set(tile.id, risen(tile, [...placed.values()]));
  return tiles.map((tile) => placed.get(tile.id)!);
}

function risen<P extends Place>(tile: P, others: readonly P[]): P {
  const collides = (y: number): boolean => others.some((other) => overlap({ ...tile, y }, other));
  let { y } = tile;
  while (collides(y)) y++;
  while (y > 0 && !collides(y - 1)) y--;
  return { ...tile, y };
}

/** Return tiles without overlaps and gaps, as the editor leaves them: programs may store others. */
export const settled = <P extends Place>(tiles: readonly P[]): P[] => compact(tiles, inOrder(tiles));

/** Move or resize one tile, within the grid. It changes places with tiles in its way. */
export function place<P extends Place>(tiles: readonly P[], id: string, to: Omit<Place, 'id'>): P[] {
  const w = between(1, to.w, COLUMNS);
  const h = between(1, to.h, MOST_ROWS);
  const moved = { x: between(0, to.x, COLUMNS - w), y: Math.max(0, to.y), w, h };
  const before = tiles.find((tile) => tile.id === id);
  const next = tiles.map((tile) => (tile.id === id ? { ...tile, ...moved } : tile));
  // In the same row, the moved tile goes first, unless it moves down past the others.
  const turn = before && moved.y > before.y ? 1 : -1;
  const rank = (tile: P): number => (tile.id === id ? turn : 0);
  return compact(
    next,
    next.toSorted((a, b) => a.y - b.y || rank(a) - rank(b) || a.x - b.x),
  );
}

/** Move a tile past its neighbours above (-1) or below (1). */
export function stepped<P extends Place>(tiles: readonly P[], id: string, step: 1 | -1): P[] {
  const own = tiles.find((tile) => tile.id === id);
  if (!own) return [...tiles];
  const rows = tiles
    .filter((tile) => tile.id !== id && tile.x < own.x + own.w && own.x < tile.x + tile.w)
    .map((tile) => tile.y)
    .filter((y) => (step < 0 ? y < own.y : y > own.y));
  if (!rows.length) return [...tiles];
  return place(tiles, id, { ...own, y: step < 0 ? Math.max(...rows) : Math.min(...rows) });
}

/** Add a tile where there is room first, in reading order. */
export function added<P extends Place>(tiles: readonly P[], tile: P): P[] {
  for (let y = 0; ; y++) {
    for (let x = 0; x + tile.w <= COLUMNS; x++) {
      const here = { ...tile, x, y };
      if (!tiles.some((other) => overlap(here, other))) return [...tiles, here];
    }
  }
}

/** Move a tile one place up (-1) or down (1) in reading order, for layouts of one column. */
export function reordered<P extends Place>(tiles: readonly P[], id: string, step: 1 | -1): P[] {
  const order = inOrder(tiles);
  const at = order.findIndex((tile) => tile.id === id);
  const other = order[at + step];
  if (at < 0 || !other) return [...tiles];
  const own = order[at]!;
  if (step < 0) return place(tiles, id, { ...own, x: other.x, y: other.y });
  return place(tiles, other.id, { ...other, x: own.x, y: own.y });
}
