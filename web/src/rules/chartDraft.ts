// The first fields of a rule that somebody begins from a chart: device, metric, and a limit between what was usual and
// what the selected time range shows.

import { loadTrace, RANGES, type Trace, type Window } from '../device/history';
import type { RuleForm } from './fields';

/** How much history before the selection counts as usual. */
const BEFORE_MS = RANGES['7d'];
const BUCKETS = 400;
/** This share of the buckets before the selection may be beyond what is usual. */
const RARE = 0.01;
type Extremes = Pick<Trace, 'low' | 'high' | 'mean'>;

/** Return the address of the form of a new rule on a metric, with the time range if one is selected. */
export function newRuleHref(device: string, metric: string, window: Window): string {
  const query = new URLSearchParams({ new: '1', device, metric });
  if (!('live' in window)) {
    query.set('from', String(Math.round(window.from)));
    query.set('to', String(Math.round(window.to)));
  }
  return `/rules?${query}`;
}

/** Return the fields that an address of `newRuleHref` gives. `titleOf` names a metric of a device. */
export async function chartDraft(
  query: URLSearchParams,
  titleOf: (device: string, metric: string) => string,
): Promise<Partial<RuleForm>> {
  const [device, metric] = [query.get('device'), query.get('metric')];
  if (!device || !metric) return {};
  const draft = { devices: device, metric, name: titleOf(device, metric) };
  const [from, to] = [Number(query.get('from')), Number(query.get('to'))];
  if (!(from > 0 && from < to)) return draft;
  const { signal } = new AbortController();
  const load = (start: number, end: number): Promise<Trace> =>
    loadTrace(device, metric, start, end, BUCKETS, signal);
  // Without history the form opens without a limit.
  const traces = await Promise.all([load(from, to), load(from - BEFORE_MS, from)]).catch(() => null);
  return traces ? { ...draft, ...limitBetween(...traces) } : draft;
}

const numbers = (values: readonly (number | null)[]): number[] =>
  values.filter((value) => value !== null).sort((a, b) => a - b);

/** Return the limit half-way between the usual values and the selected ones that are furthest from them. */
export function limitBetween(
  selected: Extremes,
  before: Extremes,
): Pick<RuleForm, 'when' | 'limit' | 'clear'> | object {
  const [high, low] = [numbers(selected.high).at(-1), numbers(selected.low)[0]];
  const [highs, lows] = [numbers(before.high), numbers(before.low)];
  if (high === undefined || low === undefined || !highs.length || !lows.length) return {};
  const rare = Math.floor(RARE * highs.length);
  const [usualHigh, usualLow] = [highs.at(-1 - rare)!, lows[rare]!];
  const [rise, fall] = [high - usualHigh, usualLow - low];
  if (rise <= 0 && fall <= 0) return {};
  const [usual, reach] = rise >= fall ? [usualHigh, rise] : [usualLow, -fall];
  const text = (share: number): string => rounded(usual + share * reach, Math.abs(reach));
  return { when: rise >= fall ? 'above' : 'below', limit: text(0.5), clear: text(0.25) };
}

/** Return a number with as many digits as tell apart values that differ by a twentieth of `spread`. */
function rounded(value: number, spread: number): string {
  const digits = Math.min(10, Math.max(0, Math.ceil(-Math.log10(spread / 20))));
  return String(Number(value.toFixed(digits)));
}
