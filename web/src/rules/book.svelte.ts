// The rules' text as the hub keeps it: read, changed and put back, with a way to take a change back.

import { get, post, put } from '../api/http';
import type { RulesChecked, RulesText } from '../api/types';
import { toasts } from '../lib/toasts.svelte';
import { T } from '../texts';

class Book {
  /** Counts up with each change that this page made: lists of rules are read again. */
  changes = $state(0);

  read(): Promise<RulesText> {
    return get<RulesText>('/api/rules/text');
  }

  /** What `text` would mean, or in the hub's words what is wrong with it. */
  check(text: string, signal?: AbortSignal): Promise<RulesChecked> {
    return post<RulesChecked>('/api/rules/check', { text }, signal);
  }

  /** Puts `text` in force; true when the hub took it. `said` tells of it, with a way back. */
  async change(before: RulesText, text: string, said: string): Promise<boolean> {
    try {
      const after = await put<RulesText>('/api/rules', { text, revision: before.revision });
      this.changes++;
      toasts.say(said, async () => {
        await put<RulesText>('/api/rules', { text: before.text, revision: after.revision });
        this.changes++;
        toasts.say(T.rules.undone);
      });
      return true;
    } catch (error) {
      toasts.fail(error);
      return false;
    }
  }
}

export const book = new Book();
