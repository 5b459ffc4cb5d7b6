// The rules' text as the hub keeps it, and what a draft of it would mean.

import { post } from '../api/http';
import type { RulesChecked } from '../api/types';
import { ConfigFile } from '../lib/configFile.svelte';
import { T } from '../texts';

class RulesFile extends ConfigFile {
  /** What `text` would mean, or in the hub's words what is wrong with it. */
  check(text: string, signal?: AbortSignal): Promise<RulesChecked> {
    return post<RulesChecked>('/api/rules/check', { text }, signal);
  }
}

export const rulesFile = new RulesFile('/api/rules', T.rules.undone);
