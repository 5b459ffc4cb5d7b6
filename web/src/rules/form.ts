// A rule as the fields of a form, and such fields as the text of a rule. Fields hold what a person typed; whether it
// makes sense is for the hub to say. Pure.

import type { Rule } from '../api/types';

/** When a rule fires: a threshold by its side, else its kind. */
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
  devices: string;
  models: string;
  labels: string;
}

/** What a new rule begins as: nothing that could be taken for somebody's decision. */
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
  devices: '',
  models: '',
  labels: '',
});

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
];

/** In the largest unit that divides it: `90000` is `90s`, `0` is nothing. */
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
    // A text that reads like a number or a state keeps its quotes, so that it stays a text.
    value:
      typeof condition.value === 'string' && PLAIN.test(condition.value)
        ? quoted(condition.value)
        : text('value'),
    by: text('by'),
    within: durationText(condition.window_ms as number | undefined),
    falling: condition.falling === true,
    silence: durationText(condition.silence_ms as number | undefined),
    for: durationText(rule.for_ms),
    devices: scope.devices.join(', '),
    models: scope.models.join(', '),
    labels: scope.labels.join(', '),
  };
}

const words = (text: string): string[] =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);

const quoted = (text: string): string => JSON.stringify(text);
const list = (text: string): string => (words(text).length ? `[${words(text).map(quoted).join(', ')}]` : '');
const PLAIN = /^(true|false|[+-]?(0|[1-9]\d*)(\.\d+)?)$/;
/** A number, true or false as it stands, a text within quotes; quotes that a person typed make a text of anything. */
function plain(text: string): string {
  const typed = text.trim();
  return PLAIN.test(typed) || /^"[^"\\]*"$/.test(typed) ? typed : quoted(text);
}
const duration = (text: string): string => (text.trim() ? quoted(text.trim()) : '');

/** The fields as a rule's text. Comments in `before`, the text as it was, are kept. */
export function written(form: RuleForm, before: string): string {
  const comments = before.split('\n').filter((line) => /^\s*#/.test(line));
  const clear: [string, string] = ['clear', form.clear.trim() && plain(form.clear)];
  const own: Record<When, [string, string][]> = {
    above: [['above', plain(form.limit)], clear],
    below: [['below', plain(form.limit)], clear],
    equals: [['value', plain(form.value)]],
    rate: [
      ['by', plain(form.by)],
      ['within', duration(form.within)],
      ['falling', form.falling ? 'true' : ''],
    ],
    no_data: [['silence', duration(form.silence)]],
  };
  const fields: [string, string][] = [
    ['id', quoted(form.id.trim())],
    ['name', quoted(form.name.trim())],
    ['kind', form.when === 'above' || form.when === 'below' ? '' : quoted(form.when)],
    ['metric', form.when === 'no_data' ? '' : quoted(form.metric.trim())],
    ...own[form.when],
    ['for', duration(form.for)],
    ['severity', quoted(form.severity)],
    ['devices', list(form.devices)],
    ['models', list(form.models)],
    ['labels', list(form.labels)],
  ];
  const lines = fields.filter(([, value]) => value !== '').map(([key, value]) => `${key} = ${value}`);
  return ['[[rule]]', ...comments, ...lines].join('\n');
}
