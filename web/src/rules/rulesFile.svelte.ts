// Requests for rules: preview a draft; add, change or delete a rule.

import { post, put, remove } from '../api/http';
import type { RulePreview } from '../api/types';
import { ConfigFile, type FileContent } from '../lib/configFile.svelte';
import { T } from '../texts';
import type { RuleKeys } from './form';

/** One rule as keys, or as its table in rules.toml. */
export type RuleDraft = { rule: RuleKeys } | { text: string };

class RulesFile extends ConfigFile {
  /** Return the meaning and the TOML of a draft, or the hub's error. `id` is the rule that it replaces; without a draft, that
   *  rule is returned. */
  preview(id: string | null, draft?: RuleDraft, signal?: AbortSignal): Promise<RulePreview> {
    return post<RulePreview>(`${this.path}/preview`, { id, ...draft }, signal);
  }

  /** Replace the rule `id` by a draft, or add it. Return whether the hub accepted it. */
  save(before: FileContent, id: string | null, draft: RuleDraft, notice: string): Promise<boolean> {
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

export const rulesFile = new RulesFile('/api/rules', T.rules.undone);
