// A text that the hub keeps (rules.toml, mappings.toml): read, changed and put back, with a way to take a change back.

import { get, put } from '../api/http';
import { toasts } from './toasts.svelte';

export interface KeptText {
  text: string;
  revision: string;
}

export class ConfigFile {
  /** Counts up with each change that this page made: what was made of the text is read again. */
  changes = $state(0);
  private readonly path: string;
  private readonly undone: string;

  /** `undone` is said once a change has been taken back. */
  constructor(path: string, undone: string) {
    this.path = path;
    this.undone = undone;
  }

  read(): Promise<KeptText> {
    return get<KeptText>(`${this.path}/text`);
  }

  /** Puts `text` in force; true when the hub took it. `said` tells of it, with a way back. */
  async change(before: KeptText, text: string, said: string): Promise<boolean> {
    try {
      const after = await put<KeptText>(this.path, { text, revision: before.revision });
      this.changes++;
      toasts.say(said, async () => {
        await put<KeptText>(this.path, { text: before.text, revision: after.revision });
        this.changes++;
        toasts.say(this.undone);
      });
      return true;
    } catch (error) {
      toasts.fail(error);
      return false;
    }
  }
}
