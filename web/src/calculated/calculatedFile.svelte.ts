// Requests for calculated metrics: preview a draft, try it over the history; add, change or delete one.

import { post } from '../api/http';
import type { CalculatedPreview, CalculatedTrial } from '../api/types';
import { TableFile } from '../lib/tableFile.svelte';
import { T } from '../texts';
import type { CalculatedKeys } from './form';

/** One metric as keys, or as its table in calculated.toml. */
export type CalculatedDraft = { calculated: CalculatedKeys } | { text: string };

class CalculatedFile extends TableFile<CalculatedDraft, CalculatedPreview> {
  /** Return what a draft would have calculated between two times (ms). */
  backtest(
    id: string | null,
    draft: CalculatedDraft,
    from: number,
    to: number,
    signal: AbortSignal,
  ): Promise<CalculatedTrial> {
    return post<CalculatedTrial>(`${this.path}/backtest`, { id, ...draft, from, to }, signal);
  }
}

export const calculatedFile = new CalculatedFile('/api/calculated-metrics', T.calculated.undone);
