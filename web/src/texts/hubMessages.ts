// Messages of the hub in another language than English, written from their key and parameters. Loaded only with a
// language that has them: in English the hub's own text is shown.

import { duration, exactQuantity, plainQuantity } from '../lib/format';
import { stateWord } from '../lib/stateWords';
import type { Sensitivity } from '../rules/fields';
import { T, type HubMessages, type Params } from '.';
import type { MessageWords } from './messageWords';
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
        return words.is(typeof c.value === 'number' ? exactQuantity(c.value, unit) : String(c.value));
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

  /** Return a condition on a state as text, such as `Door: open`; null for other conditions. */
  function stateText(kind: string, c: Condition, metric: string, deviceClass: string | null): string | null {
    const word = kind === 'equals' || kind === 'count' ? stateWord(c.value, deviceClass) : null;
    if (word === null) return null;
    const often = kind === 'count' ? `, ${words.often(c.times!, duration(c.window_ms!))}` : '';
    return `${metric}: ${word}${often}`;
  }

  function describe(
    kind: string,
    c: Condition,
    metric: string,
    unit: string | null,
    deviceClass: string | null = null,
  ): string | null {
    if (kind === 'no_data') {
      if (typeof c.missed === 'number') return words.missed(exactQuantity(c.missed, null));
      return metric
        ? words.notReported(metric, duration(c.silence_ms!))
        : words.noData(duration(c.silence_ms!));
    }
    if (!c.conditions) {
      const state = stateText(kind, c, metric, deviceClass);
      if (state !== null) return state;
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
    const state = stateText(kind, c, name, p['device_class'] as string | null);
    if (state !== null) return state;
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
      const deviceClass = (p['device_class'] as string | null | undefined) ?? null;
      const text = describe(key, c, (p['metric'] as string | null) ?? '', null, deviceClass);
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
    cause: (title) => words.causes.titles[title] ?? null,
    component: (name) => words.causes.components[name] ?? null,
    staysOpen: (key, p) => words.staysOpen[key]?.(p, duration(Number(p['age_ms'] ?? 0))) ?? null,
  };
  return messages;
}
