// Requests for reactions: preview a draft; add, change or delete one; switch one or all on and off.

import { post } from '../api/http';
import type { ReactionPreview, ReactionTrial } from '../api/types';
import { TableFile } from '../lib/tableFile.svelte';
import { toasts } from '../lib/toasts.svelte';
import { T } from '../texts';
import type { ReactionKeys } from './form';

/** One reaction as keys, or as its table in reactions.toml. */
export type ReactionDraft = { reaction: ReactionKeys } | { text: string };

class ReactionsFile extends TableFile<ReactionDraft, ReactionPreview> {
  /** Return when a draft would have run between two times (ms). */
  backtest(
    id: string | null,
    draft: ReactionDraft,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<ReactionTrial> {
    return post<ReactionTrial>(`${this.path}/backtest`, { id, ...draft, from, to }, signal);
  }

  /** Switch one reaction on or off in the file. */
  async enable(id: string, name: string, on: boolean): Promise<void> {
    try {
      const [kept, { values }] = await Promise.all([this.read(), this.preview(id)]);
      const reaction = { ...values, enabled: on ? null : false };
      await this.save(kept, id, { reaction }, on ? T.reactions.enabled(name) : T.reactions.disabled(name));
    } catch (error) {
      toasts.fail(error);
    }
  }

  /** Switch all reactions on or off. */
  async switchAll(on: boolean): Promise<void> {
    await this.act('switch', { on });
  }

  /** Let a paused reaction run again. */
  async resume(id: string): Promise<void> {
    await this.act(`${encodeURIComponent(id)}/resume`, {});
  }

  private async act(path: string, body: object): Promise<void> {
    try {
      await post(`${this.path}/${path}`, body);
      this.changes++;
    } catch (error) {
      toasts.fail(error);
    }
  }
}

export const reactionsFile = new ReactionsFile('/api/reactions', T.reactions.undone);
