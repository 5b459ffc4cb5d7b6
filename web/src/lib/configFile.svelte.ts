// A configuration file of the hub (rules.toml, mappings.toml): read it, save a change, undo the change.

import { get, put } from '../api/http';
import { toasts } from './toasts.svelte';

/** File contents with a revision, used to detect concurrent edits. */
export interface FileContent {
  text: string;
  revision: string;
}

export class ConfigFile {
  /** Number of changes made by this page; dependants reload the file when it changes. */
  changes = $state(0);
  protected readonly path: string;
  private readonly undone: string;

  /** `undone` is shown after a change was undone. */
  constructor(path: string, undone: string) {
    this.path = path;
    this.undone = undone;
  }

  read(): Promise<FileContent> {
    return get<FileContent>(`${this.path}/text`);
  }

  /** Save `text` and show `notice` with a way to undo. Return whether the hub accepted it. */
  change(before: FileContent, text: string, notice: string): Promise<boolean> {
    return this.apply(before, put<FileContent>(this.path, { text, revision: before.revision }), notice);
  }

  /** Wait for a change of the file that was read as `before`; like `change`. */
  protected async apply(before: FileContent, change: Promise<FileContent>, notice: string): Promise<boolean> {
    try {
      const after = await change;
      this.changes++;
      toasts.show(notice, async () => {
        await put<FileContent>(this.path, { text: before.text, revision: after.revision });
        this.changes++;
        toasts.show(this.undone);
      });
      return true;
    } catch (error) {
      toasts.fail(error);
      return false;
    }
  }
}
