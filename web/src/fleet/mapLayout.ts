// Layout of the fleet map: areas, their order, and the largest cell size that fits. Pure, except that it reads the fleet's
// arrays.

import type { Fleet } from '../live/fleet';
import { standing, type Standing } from '../ui/icons';

export interface Area {
  name: string | null;
  /** Handles in order of appearance, so that a cell keeps its place. */
  rows: number[];
}

export interface CellLayout {
  /** Size of cell and gap, CSS px. */
  pitch: number;
  /** Cells per column. */
  deep: number;
}

/** Return the areas by name, the one without a name last. */
export function areasOf(fleet: Fleet): Area[] {
  const found = new Map<string | null, number[]>();
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row]) continue;
    const area = fleet.area[row] ?? null;
    const rows = found.get(area);
    if (rows) rows.push(row);
    else found.set(area, [row]);
  }
  return [...found]
    .map(([name, rows]) => ({ name, rows }))
    .sort((a, b) =>
      a.name === null ? 1 : b.name === null ? -1 : a.name.localeCompare(b.name, 'en', { numeric: true }),
    );
}

/** Minimum width of an area, for its name. */
const LEAST_WIDTH = 96;
const AREA_GAP = 26;

/** Return the largest cells with which areas of these sizes fit into `width` px and a limited height. */
export function cellSize(sizes: readonly number[], width: number, narrow: boolean): CellLayout {
  const tallest = narrow ? 330 : 132;
  const most = Math.max(1, ...sizes);
  for (let pitch = 22; pitch >= 5; pitch--) {
    for (const deep of [2, 3, 4, 6, 8, 10, 12, 14]) {
      if (deep > 2 && deep > most) break;
      if (deep * pitch > 100) break;
      if (heightOf(sizes, width, pitch, deep) <= tallest) return { pitch, deep: Math.min(deep, most) };
    }
  }
  return { pitch: 5, deep: 14 };
}

function heightOf(sizes: readonly number[], width: number, pitch: number, deep: number): number {
  let x = 0;
  let lines = 1;
  for (const size of sizes) {
    const wide = Math.max(LEAST_WIDTH, Math.ceil(size / deep) * pitch);
    if (wide > width) return Infinity;
    if (x > 0 && x + wide > width) {
      lines++;
      x = 0;
    }
    x += wide + AREA_GAP;
  }
  return lines * (deep * pitch + 30);
}

/** A rectangle in CSS px of the window. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Return those of `rows` whose cell centres are in `box`; `at` is the origin of their area. */
export function cellsWithin(
  rows: readonly number[],
  { pitch, deep }: CellLayout,
  at: { left: number; top: number },
  box: Box,
): number[] {
  return rows.filter((_, k) => {
    const x = at.left + (Math.floor(k / deep) + 0.5) * pitch;
    const y = at.top + ((k % deep) + 0.5) * pitch;
    return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
  });
}

export const standingOf = (fleet: Fleet, row: number): Standing =>
  standing(fleet.presence[row]!, fleet.severity[row]!);

/** Return how many of `rows` have an open alert or are not online. */
export const needAttention = (fleet: Fleet, rows: readonly number[]): number =>
  rows.reduce((sum, row) => sum + Number(standingOf(fleet, row) !== 'ok'), 0);

const CORNER = 3;

/** Return the cells of one area as one path per status: squares, reduced by the stroke that rounds their corners. */
export function cellPaths(
  fleet: Fleet,
  rows: readonly number[],
  { pitch, deep }: CellLayout,
): Map<Standing, string> {
  const side = pitch - (pitch > 9 ? 2.5 : 1.5) - CORNER;
  const paths = new Map<Standing, string>();
  rows.forEach((row, k) => {
    const kind = standingOf(fleet, row);
    const x = Math.floor(k / deep) * pitch + CORNER / 2;
    const y = (k % deep) * pitch + CORNER / 2;
    paths.set(kind, `${paths.get(kind) ?? ''}M${x} ${y}h${side}v${side}h${-side}z`);
  });
  return paths;
}
