// Messages of the hub in another language than English, written from their key and parameters. Loaded only with a
// language that has them: in English the hub's own text is shown.

import { duration, exactQuantity, plainQuantity } from '../lib/format';
import { stateWord } from '../lib/stateWords';
import type { Sensitivity } from '../rules/fields';
import { T, type HubMessages, type Params } from '.';
import { inShownUnit } from './shownParams';

interface Limits {
  above?: number | null;
  below?: number | null;
  clear?: number | null;
}

/** The fields of the conditions of all kinds (hub/rules/kinds). */
interface Condition extends Limits {
  steps?: ({ severity: keyof typeof T.severity } & Limits)[];
  device_limits?: boolean;
  low?: number;
  high?: number;
  inside?: boolean;
  hysteresis?: number;
  other?: string;
  device?: string | null;
  area?: boolean;
  value?: unknown;
  by?: number;
  window_ms?: number;
  falling?: boolean;
  times?: number;
  sensitivity?: Sensitivity;
  beyond?: number | null;
  missed?: number | null;
  silence_ms?: number;
  conditions?: {
    kind: string;
    metric: string;
    condition: Condition;
    for_ms: number;
    device?: string | null;
  }[];
}

/** What a language says. A function without `metric` returns what follows the name of the metric. */
export interface MessageWords {
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
export function alertWords(t: AlertTexts): Omit<MessageWords, 'clears' | 'only' | 'activity' | 'staysOpen'> {
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

/** Return the messages in the words of a language. An unknown key gives null: the hub's text is shown. `convert` puts the
 *  parameters of an alert into the units that are shown. */
export function messagesIn(words: MessageWords, convert = inShownUnit): HubMessages {
  const limits = ({ above, below }: Limits, unit: string | null): string =>
    typeof above === 'number'
      ? words.above(exactQuantity(above, unit))
      : words.below(exactQuantity(below ?? 0, unit));

  /** Return what follows the metric in the description of a condition, null for an unknown kind. */
  function rest(kind: string, c: Condition, metric: string, unit: string | null): string | null {
    switch (kind) {
      case 'threshold':
        return limits(c, unit) + (c.device_limits ? words.ownLimit : '');
      case 'range': {
        const say = c.inside ? words.inside : words.outside;
        return (
          say(exactQuantity(c.low!, null), exactQuantity(c.high!, unit)) +
          (c.device_limits ? words.ownLimits : '')
        );
      }
      case 'compare': {
        const own = c.other === metric || c.other === '' ? null : c.other!;
        const other =
          typeof c.device === 'string'
            ? words.ofDevice(own, c.device || words.anotherDevice)
            : c.area
              ? words.median(own)
              : c.other!;
        return `${words.minus(other)} ${limits(c, unit)}`;
      }
      case 'equals':
        return words.is(
          typeof c.value === 'number'
            ? exactQuantity(c.value, unit)
            : (stateWord(c.value) ?? String(c.value)),
        );
      case 'rate':
        return words.moves(!!c.falling, exactQuantity(c.by!, unit), duration(c.window_ms!));
      case 'stuck':
        return words.stuck;
      case 'anomaly':
        return typeof c.beyond === 'number'
          ? words.beyond(exactQuantity(Math.round(100 * c.beyond), '%'))
          : words.unusual(c.sensitivity!);
      case 'count': {
        const counted =
          c.value === null || c.value === undefined ? limits(c, unit) : rest('equals', c, metric, unit)!;
        return `${counted}, ${words.often(c.times!, duration(c.window_ms!))}`;
      }
      default:
        return null;
    }
  }

  function describe(kind: string, c: Condition, metric: string, unit: string | null): string | null {
    if (kind === 'no_data') {
      if (typeof c.missed === 'number') return words.missed(exactQuantity(c.missed, null));
      return metric
        ? words.notReported(metric, duration(c.silence_ms!))
        : words.noData(duration(c.silence_ms!));
    }
    if (!c.conditions) {
      const text = rest(kind, c, metric, unit);
      return text === null ? null : `${metric} ${text}`;
    }
    const parts = c.conditions.map((part) => {
      const isOther = typeof part.device === 'string';
      const name = isOther ? words.onDevice(part.metric, part.device!) : part.metric;
      const text = describe(part.kind, part.condition, name, null);
      return part.condition.conditions ? `(${text})` : held(text ?? '', part.for_ms);
    });
    const joined = parts.join(kind === 'all' ? words.and : words.or);
    return kind === 'not' ? words.not(joined) : joined;
  }

  const held = (text: string, ms: unknown): string =>
    typeof ms === 'number' && ms > 0 ? words.lasting(text, duration(ms)) : text;

  function alertText(kind: string, p: Params): string | null {
    const c = p['condition'] as Condition;
    const [name, unit] = [(p['name'] as string | null) ?? '', (p['unit'] as string | null) ?? null];
    const value = p['value'];
    if (kind === 'no_data') {
      const time = duration(Number(p['silent_ms']));
      return name ? words.notReported(name, time) : words.noData(time);
    }
    if (kind === 'equals') {
      const word = stateWord(value, p['device_class'] as string | null);
      if (word) return `${name}: ${word}`;
    }
    if (!name && !c.conditions) return null; // an older alert
    if (c.conditions || value === null || kind === 'equals') return describe(kind, c, name, unit);
    const text = rest(kind, c, name, unit);
    const limit = c.above ?? c.below;
    const reading =
      typeof value !== 'number'
        ? String(value)
        : limit !== undefined && limit !== null && plainQuantity(value, unit) === plainQuantity(limit, unit)
          ? exactQuantity(value, unit)
          : plainQuantity(value, unit);
    return text === null ? null : `${name} ${reading}, ${text}`;
  }

  function recovery(c: Condition): string {
    if (typeof c.clear === 'number')
      return typeof c.above === 'number'
        ? words.below(exactQuantity(c.clear, null))
        : words.above(exactQuantity(c.clear, null));
    if (!c.hysteresis) return '';
    const inwards = c.inside ? -c.hysteresis : c.hysteresis;
    const say = c.inside ? words.outside : words.inside;
    return say(exactQuantity(c.low! + inwards, null), exactQuantity(c.high! - inwards, null));
  }

  const messages: HubMessages = {
    alert: (key, given) => {
      const p = convert(key, given);
      const text = alertText(key, p);
      return text === null ? null : held(text, p['for_ms']);
    },
    rule: (key, p) => {
      const c = p['condition'] as Condition;
      const text = describe(key, c, (p['metric'] as string | null) ?? '', null);
      if (text === null) return null;
      const [over, wait] = [recovery(c), Number(p['clear_for_ms'])];
      const clears = over || wait ? `, ${words.clears(over, wait ? duration(wait) : null)}` : '';
      const steps = (c.steps ?? [])
        .map((step) => `; ${T.severity[step.severity]} ${limits(step, null)}`)
        .join('');
      const windows = (p['schedule'] as string[] | undefined) ?? [];
      const only = windows.length ? words.only(windows.join(', '), String(p['time_zone'])) : '';
      return held(text, p['for_ms']) + clears + steps + only;
    },
    activity: (key, p) => {
      const about = p['message_key']
        ? messages.alert(String(p['message_key']), p['message_params'] as Params, '')
        : null;
      if (key.startsWith('alert.') && about === null) return null;
      const time = typeof p['lasted_ms'] === 'number' && p['lasted_ms'] > 0 ? duration(p['lasted_ms']) : '';
      return words.activity[key]?.(p, `${String(p['name'])}: ${about}`, time) ?? null;
    },
    staysOpen: (key, p) => words.staysOpen[key]?.(p, duration(Number(p['age_ms'] ?? 0))) ?? null,
  };
  return messages;
}
