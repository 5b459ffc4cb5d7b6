// Requests for rules: preview a draft; add, change or delete a rule.

import type { RulePreview } from '../api/types';
import { TableFile } from '../lib/tableFile.svelte';
import { T } from '../texts';
import type { RuleKeys } from './form';

/** One rule as keys, or as its table in rules.toml. */
export type RuleDraft = { rule: RuleKeys } | { text: string };

export const rulesFile = new TableFile<RuleDraft, RulePreview>('/api/rules', T.rules.undone);
