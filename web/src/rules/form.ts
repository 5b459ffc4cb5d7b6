// Convert a rule to form fields, and form fields to the keys of a rule. Fields hold what the user typed; the hub validates
// them and writes rules.toml. Pure.

import type { Rule } from '../api/types';

/** When a rule fires: above or below for a threshold, otherwise its kind. */
export const WHEN = ['above', 'below', 'equals', 'rate', 'no_data'] as const;
export type When = (typeof WHEN)[number];

export interface RuleForm {
  id: string;
  name: string;
  when: When;
  metric: string;
  severity: Rule['severity'];
  limit: string;
  clear: string;
  value: string;
  by: string;
  within: string;
  falling: boolean;
  silence: string;
  for: string;
  clear_for: string;
  devices: string;
  models: string;
  labels: string;
  areas: string;
  via: string;
}

/** An empty form for a new rule, without default values that could be mistaken for a choice. */
export const fresh = (id: string): RuleForm => ({
  id,
  name: '',
  when: 'above',
  metric: '',
  severity: 'warning',
  limit: '',
  clear: '',
  value: '',
  by: '',
  within: '',
  falling: false,
  silence: '',
  for: '5s',
  clear_for: '',
  devices: '',
  models: '',
  labels: '',
  areas: '',
  via: '',
});

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** Return ms as a duration in the largest unit that divides it: `90000` is `90s`, `0` is empty. */
export function durationText(ms: number | undefined): string {
  if (!ms) return '';
  const [unit, size] = UNITS.find(([, size]) => ms % size === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}

export function formOf(rule: Rule): RuleForm {
  const { condition, scope } = rule;
  const text = (key: string): string => {
    const value: unknown = condition[key];
    return value === null || value === undefined ? '' : String(value);
  };
  return {
    id: rule.id,
    name: rule.name,
    when: rule.kind !== 'threshold' ? rule.kind : text('above') ? 'above' : 'below',
    metric: rule.metric ?? '',
    severity: rule.severity,
    limit: text('above') || text('below'),
    clear: text('clear'),
    // A text that looks like a number or a boolean keeps its quotes, so that it remains a text.
    value:
      typeof condition.value === 'string' && PLAIN.test(condition.value)
        ? quoted(condition.value)
        : text('value'),
    by: text('by'),
    within: durationText(condition.window_ms as number | undefined),
    falling: condition.falling === true,
    silence: durationText(condition.silence_ms as number | undefined),
    for: durationText(rule.for_ms),
    clear_for: durationText(rule.clear_for_ms),
    devices: scope.devices.join(', '),
    models: scope.models.join(', '),
    labels: scope.labels.join(', '),
    areas: scope.areas.join(', '),
    via: scope.via.join(', '),
  };
}

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

const quoted = (text: string): string => JSON.stringify(text);
const PLAIN = /^(true|false|[+-]?(0|[1-9]\d*)(\.\d+)?)$/;
const NUMBER = /^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** Return a number if the text is one, otherwise the text; the hub then reports what is allowed. */
function number(text: string): number | string {
  const typed = text.trim();
  return NUMBER.test(typed) ? Number(typed) : typed;
}

/** Return a number, a boolean or a text. Quotes make it a text. */
function plain(text: string): number | boolean | string {
  const typed = text.trim();
  if (/^"[^"\\]*"$/.test(typed)) return typed.slice(1, -1);
  if (!PLAIN.test(typed)) return text;
  return typed === 'true' || (typed === 'false' ? false : Number(typed));
}

/** A key of a rule and its value; null omits the key. */
export type RuleKeys = Record<string, string | number | boolean | string[] | null>;

/** Return the fields as the keys of a rule in rules.toml. */
export function keysOf(form: RuleForm): RuleKeys {
  const optional = (text: string): number | string | null => (text.trim() ? number(text) : null);
  const list = (text: string): string[] | null => (words(text).length ? words(text) : null);
  const own: Record<When, RuleKeys> = {
    above: { above: number(form.limit), clear: optional(form.clear) },
    below: { below: number(form.limit), clear: optional(form.clear) },
    equals: { value: plain(form.value) },
    rate: { by: number(form.by), within: optional(form.within), falling: form.falling || null },
    no_data: { silence: optional(form.silence) },
  };
  return {
    id: form.id.trim(),
    name: form.name.trim(),
    kind: form.when === 'above' || form.when === 'below' ? null : form.when,
    metric: form.when === 'no_data' ? null : form.metric.trim(),
    ...own[form.when],
    for: form.when === 'no_data' ? null : optional(form.for),
    clear_for: form.when === 'no_data' ? null : optional(form.clear_for),
    severity: form.severity,
    devices: list(form.devices),
    models: list(form.models),
    labels: list(form.labels),
    areas: list(form.areas),
    via: list(form.via),
  };
}
