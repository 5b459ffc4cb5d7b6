// A configuration file of tables that are changed one at a time (such as rules.toml): preview a draft; add, change or
// delete a table.

import { post, put, remove } from '../api/http';
import { ConfigFile, type FileContent } from './configFile.svelte';

export class TableFile<Draft extends object, Preview> extends ConfigFile {
  /** Return the meaning and the TOML of a draft, or the hub's error. `id` is the table that it replaces; without a draft, that
   *  table is returned. */
  preview(id: string | null, draft?: Draft, signal?: AbortSignal): Promise<Preview> {
    return post<Preview>(`${this.path}/preview`, { id, ...draft }, signal);
  }

  /** Replace the table `id` by a draft, or add it. Return whether the hub accepted it. */
  save(before: FileContent, id: string | null, draft: Draft, notice: string): Promise<boolean> {
    const body = { ...draft, revision: before.revision };
    const change = id === null ? post<FileContent>(this.path, body) : put<FileContent>(this.pathOf(id), body);
    return this.apply(before, change, notice);
  }

  delete(before: FileContent, id: string, notice: string): Promise<boolean> {
    const query = new URLSearchParams({ revision: before.revision });
    return this.apply(before, remove<FileContent>(`${this.pathOf(id)}?${query}`), notice);
  }

  private readonly pathOf = (id: string): string => `${this.path}/${encodeURIComponent(id)}`;
}
