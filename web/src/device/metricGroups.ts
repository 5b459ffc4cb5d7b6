// A device's metrics in groups: what it is about, what it measures besides, and how it is itself. Pure.

import type { MetricFacts } from '../api/types';

export interface MetricGroups {
  primary: string[];
  further: string[];
  /** Diagnostic values and settings; folded away. */
  diagnostic: string[];
}

/** Up to so many tiles are looked over at once: what is further needs no heading of its own. */
export const FEW = 8;
/** More primary tiles than this would push the chart off the page. */
export const MANY = 24;

export interface Shown {
  metric: string;
  category: MetricFacts['category'];
}

/** The groups of `metrics`, which are in order. A device that only tells how it is itself has that as its primary. */
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
