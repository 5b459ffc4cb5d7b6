// The tree of areas as rows of a list. Pure.

import type { Area } from '../api/types';

/** An area and how deep it is in the tree. */
export interface AreaRow {
  area: Area;
  depth: number;
}

/** Return the areas, in the order of the tree that the hub sends, with their depths. */
export function rowsOf(areas: readonly Area[]): AreaRow[] {
  const depths = new Map<string, number>();
  return areas.map((area) => {
    const depth = area.parent === null ? 0 : (depths.get(area.parent) ?? -1) + 1;
    depths.set(area.id, depth);
    return { area, depth };
  });
}

/** Return the ids of an area and of all areas inside it: those that it cannot be moved into. */
export function within(areas: readonly Area[], id: string): Set<string> {
  const found = new Set([id]);
  for (const area of areas) if (area.parent !== null && found.has(area.parent)) found.add(area.id);
  return found;
}

/** Return a name for a menu, indented by its depth. */
export const indented = ({ area, depth }: AreaRow): string => '\u2007\u2007'.repeat(depth) + area.name;
