// What a language says about alerts, rules and the activity, for the messages of the hub.

import type { Sensitivity } from '../rules/fields';
import type { Params } from '.';

/** What a language says. A function without `metric` returns what follows the name of the metric. */
export interface MessageWords {
  /** Names of the built-in causes and components, by their English names. */
  causes: { titles: Record<string, string>; components: Record<string, string> };
  above: (limit: string) => string;
  below: (limit: string) => string;
  outside: (low: string, high: string) => string;
  inside: (low: string, high: string) => string;
  ownLimit: string;
  ownLimits: string;
  is: (value: string) => string;
  moves: (falls: boolean, by: string, within: string) => string;
  stuck: string;
  unusual: (sensitivity: Sensitivity) => string;
  beyond: (percent: string) => string;
  often: (times: number, within: string) => string;
  noData: (time: string) => string;
  notReported: (metric: string, time: string) => string;
  missed: (intervals: string) => string;
  minus: (other: string) => string;
  ofDevice: (metric: string | null, device: string) => string;
  /** The name of a device outside the account's limits is empty. */
  onDevice: (metric: string, device: string) => string;
  /** In place of a device outside the account's limits, whose id is empty. */
  anotherDevice: string;
  median: (metric: string | null) => string;
  and: string;
  or: string;
  not: (text: string) => string;
  lasting: (text: string, time: string) => string;
  clears: (rest: string, time: string | null) => string;
  only: (windows: string, zone: string) => string;
  activity: Record<string, (p: Params, alert: string, time: string) => string>;
  staysOpen: Record<string, (p: Params, time: string) => string>;
}

/** What each language says about alerts, in `hub.json`. The hub reads the same file, for its notifications. */
export type AlertTexts = Record<
  | 'above'
  | 'below'
  | 'outside'
  | 'inside'
  | 'ownLimit'
  | 'ownLimits'
  | 'is'
  | 'rises'
  | 'falls'
  | 'stuck'
  | 'unusualLow'
  | 'unusualMedium'
  | 'unusualHigh'
  | 'beyond'
  | 'often'
  | 'noData'
  | 'notReported'
  | 'missed'
  | 'minus'
  | 'anotherDevice'
  | 'onDevice'
  | 'onAnotherDevice'
  | 'valueOf'
  | 'metricOf'
  | 'median'
  | 'medianOf'
  | 'and'
  | 'or'
  | 'not'
  | 'lasting',
  string
>;

const fill = (text: string, values: Record<string, string | number>): string =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** Return the words of alerts from the texts of a language. */
export function alertWords(
  t: AlertTexts,
): Omit<MessageWords, 'causes' | 'clears' | 'only' | 'activity' | 'staysOpen'> {
  return {
    above: (limit) => fill(t.above, { limit }),
    below: (limit) => fill(t.below, { limit }),
    outside: (low, high) => fill(t.outside, { low, high }),
    inside: (low, high) => fill(t.inside, { low, high }),
    ownLimit: t.ownLimit,
    ownLimits: t.ownLimits,
    is: (value) => fill(t.is, { value }),
    moves: (falls, amount, within) => fill(falls ? t.falls : t.rises, { amount, within }),
    stuck: t.stuck,
    unusual: (sensitivity) =>
      ({ low: t.unusualLow, medium: t.unusualMedium, high: t.unusualHigh })[sensitivity],
    beyond: (percent) => fill(t.beyond, { percent }),
    often: (times, within) => fill(t.often, { times, within }),
    noData: (time) => fill(t.noData, { time }),
    notReported: (metric, time) => fill(t.notReported, { metric, time }),
    missed: (intervals) => fill(t.missed, { intervals }),
    minus: (other) => fill(t.minus, { other }),
    anotherDevice: t.anotherDevice,
    onDevice: (metric, device) => fill(device ? t.onDevice : t.onAnotherDevice, { metric, device }),
    ofDevice: (metric, device) =>
      metric === null ? fill(t.valueOf, { device }) : fill(t.metricOf, { metric, device }),
    median: (metric) => (metric === null ? t.median : fill(t.medianOf, { metric })),
    and: t.and,
    or: t.or,
    not: (text) => fill(t.not, { text }),
    lasting: (text, time) => fill(t.lasting, { text, time }),
  };
}
