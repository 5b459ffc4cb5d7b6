// Group a device's metrics: primary, further, and diagnostic. Pure.

import type { MetricFacts } from '../api/types';

export interface MetricGroups {
  primary: string[];
  further: string[];
  /** Diagnostic values and settings, collapsed. */
  diagnostic: string[];
}

/** Up to this many tiles, further metrics need no separate heading. */
export const FEW = 8;
/** With more primary tiles, the chart would be off the page. */
export const MANY = 24;

export interface Shown {
  metric: string;
  category: MetricFacts['category'];
}

/** Return the groups of `metrics`, which are in order. If all are diagnostic, they are the primary group. */
export function groupsOf(metrics: readonly Shown[]): MetricGroups {
  const of = (...categories: MetricFacts['category'][]): string[] =>
    metrics.filter((each) => categories.includes(each.category)).map((each) => each.metric);
  const [primary, further, diagnostic] = [of('primary'), of('further'), of('diagnostic', 'config')];
  if (!primary.length && !further.length) return { primary: diagnostic, further: [], diagnostic: [] };
  const rest = [...primary.slice(MANY), ...further];
  if (primary.length > MANY) return { primary: primary.slice(0, MANY), further: rest, diagnostic };
  if (!primary.length || primary.length + further.length <= FEW)
    return { primary: [...primary, ...further], further: [], diagnostic };
  return { primary, further, diagnostic };
}
