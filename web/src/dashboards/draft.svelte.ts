// A dashboard that is being edited, with undo. Nothing is stored until `save`.

import { put } from '../api/http';
import type { Dashboard, Tile } from '../api/types';
import type { Shared } from './tile';

interface Content {
  name: string;
  shared: Shared;
  tiles: Tile[];
}

const MOST_STEPS = 100;

export class Draft {
  /** The stored version. */
  before = $state.raw<Dashboard>() as Dashboard;
  content = $state.raw<Content>() as Content;
  private past = $state.raw<Content[]>([]);
  private future = $state.raw<Content[]>([]);
  /** The content at the start of a drag, which is one step. */
  private held: Content | null = null;

  readonly canUndo = $derived(this.past.length > 0);
  readonly canRedo = $derived(this.future.length > 0);
  readonly changed = $derived(JSON.stringify(this.content) !== JSON.stringify(contentOf(this.before)));

  constructor(board: Dashboard) {
    this.before = board;
    this.content = contentOf(board);
  }

  change(part: Partial<Content>): void {
    this.push(this.content);
    this.content = { ...this.content, ...part };
  }

  /** Show tiles while they are dragged. */
  preview(tiles: Tile[]): void {
    this.held ??= this.content;
    this.content = { ...this.content, tiles };
  }

  /** End a drag: keep its result as one step, or return to its start. */
  settle(keep: boolean): void {
    const start = this.held;
    this.held = null;
    if (!start) return;
    if (!keep) this.content = start;
    else if (JSON.stringify(start) !== JSON.stringify(this.content)) this.push(start);
  }

  undo(): void {
    const last = this.past.at(-1);
    if (!last) return;
    this.past = this.past.slice(0, -1);
    this.future = [...this.future, this.content];
    this.content = last;
  }

  redo(): void {
    const next = this.future.at(-1);
    if (!next) return;
    this.future = this.future.slice(0, -1);
    this.past = [...this.past, this.content];
    this.content = next;
  }

  /** Store the draft and return the stored dashboard. Throws HubError. */
  save(): Promise<Dashboard> {
    return saveBoard(this.before, this.content);
  }

  private push(content: Content): void {
    this.past = [...this.past.slice(1 - MOST_STEPS), content];
    this.future = [];
  }
}

export const contentOf = ({ name, shared, tiles }: Dashboard): Content => ({ name, shared, tiles });

export const boardPath = (id: string): string => `/api/dashboards/${encodeURIComponent(id)}`;
export const boardHref = (id: string): string => `/dashboards/${encodeURIComponent(id)}`;

/** Replace the stored version `before`. */
export const saveBoard = (before: Dashboard, content: Content): Promise<Dashboard> =>
  put<Dashboard>(boardPath(before.id), { ...content, version: before.version });
