// Requests for dashboards, and dashboards as files.

import { get, post } from '../api/http';
import type { Dashboard, DashboardItem, Tile } from '../api/types';
import { T } from '../texts';
import type { Shared } from './tile';

/** Return the dashboards that the person may see, without tiles. */
export const listBoards = async (): Promise<DashboardItem[]> =>
  (await get<{ items: DashboardItem[] }>('/api/dashboards')).items;

export const createBoard = (name: string, tiles: Tile[] = [], shared: Shared = null): Promise<Dashboard> =>
  post<Dashboard>('/api/dashboards', { name, tiles, shared });

/** Download a dashboard as a JSON file. */
export function exportBoard({ name, tiles }: Pick<Dashboard, 'name' | 'tiles'>): void {
  const text = JSON.stringify({ name, tiles }, null, 2);
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${name.replaceAll(/[^\p{L}\p{N}_-]+/gu, '-') || 'dashboard'}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Create a dashboard from a JSON file. The hub checks the tiles. Throws an error in words. */
export async function importBoard(file: File): Promise<Dashboard> {
  let content: unknown;
  try {
    content = JSON.parse(await file.text());
  } catch {
    throw new Error(T.dashboards.importProblem);
  }
  const { name, tiles } = (content ?? {}) as { name?: unknown; tiles?: unknown };
  if (typeof name !== 'string' || !Array.isArray(tiles)) throw new Error(T.dashboards.importProblem);
  return createBoard(name, tiles as Tile[]);
}
