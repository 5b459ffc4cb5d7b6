// Requests for a test of a rule on stored readings and for suggested limits, and what the chart shows of them. Pure, except
// for the requests.

import { post } from '../api/http';
import type { Backtest, Firing, Limit, Rule, Severity, SuggestedLimits } from '../api/types';
import type { AlertSpan } from '../device/drawing';
import { SEVERITY } from '../live/protocol';
import type { RuleKeys } from './form';
import type { RuleDraft } from './rulesFile.svelte';

export const PERIODS = { day: 86_400_000, week: 7 * 86_400_000 } as const;
export type Period = keyof typeof PERIODS;

export const runBacktest = (
  id: string | null,
  draft: RuleDraft,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Backtest> => post<Backtest>('/api/rules/backtest', { id, ...draft, from, to }, signal);

export const suggestLimits = (
  rule: RuleKeys,
  side: 'above' | 'below',
  from: number,
  to: number,
): Promise<SuggestedLimits> => post<SuggestedLimits>('/api/rules/suggest-limits', { rule, side, from, to });

/** Return the highest severity that a firing had. */
export const severityOf = ({ steps }: Pick<Firing, 'steps'>): Severity =>
  steps.map((step) => step.severity).reduce((a, b) => (SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a));

/** Return the firings of one series, for the chart. */
export const spansOf = (firings: readonly Firing[], device: string, metric: string): AlertSpan[] =>
  firings
    .filter((each) => each.device_id === device && (each.metric ?? metric) === metric)
    .map((each) => ({
      id: `${each.device_id} ${each.metric} ${each.start}`,
      severity: severityOf(each),
      began_at: each.start,
      ended_at: each.end,
      cleared_at: each.end,
    }));

interface Step {
  severity: Severity;
  above: number | null;
  below: number | null;
}

/** Return the limits of a rule, for the chart. */
export function limitsOf({ kind, metric, severity, condition }: Rule): Limit[] {
  const limit = (side: 'above' | 'below', value: unknown, of: Severity): Limit[] =>
    typeof value === 'number' ? [{ metric: metric ?? '', [side]: value, severity: of } as Limit] : [];
  if (kind === 'range')
    return [...limit('below', condition.low, severity), ...limit('above', condition.high, severity)];
  if (kind !== 'threshold') return [];
  const steps = (condition.steps ?? []) as Step[];
  return [{ ...condition, severity } as Step, ...steps].flatMap((each) => [
    ...limit('above', each.above, each.severity),
    ...limit('below', each.below, each.severity),
  ]);
}
