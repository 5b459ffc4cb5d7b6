// Convert a rule to form fields, and form fields to the keys of a rule. Fields hold what the user typed; the hub validates
// them and writes rules.toml.

import type { Rule } from '../api/types';
import { areaNames } from '../areas/names.svelte';
import {
  fieldsOf,
  freshPart,
  joinedIn,
  joins,
  localZone,
  partFieldsOf,
  tightens,
  STEPS,
  type Field,
  type RuleForm,
  type Sensitivity,
  type When,
} from './fields';

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

interface Step {
  severity: 'warning' | 'critical';
  above: number | null;
  below: number | null;
  clear: number | null;
}

/** Return the limits of higher severities as fields. */
function stepsOf(
  steps: Step[] = [],
): Pick<RuleForm, (typeof STEPS)[number] | `${(typeof STEPS)[number]}_clear`> {
  const text = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : String(value);
  const of = (severity: string): Step | undefined => steps.find((step) => step.severity === severity);
  const limit = (step?: Step): string => text(step?.above ?? step?.below);
  const [warning, critical] = STEPS.map(of);
  return {
    warning: limit(warning),
    warning_clear: text(warning?.clear),
    critical: limit(critical),
    critical_clear: text(critical?.clear),
  };
}

/** A condition that a rule joins, as the hub returns it. */
type Part = Pick<Rule, 'kind' | 'metric' | 'quantity' | 'condition' | 'for_ms'> & {
  device?: string | null;
  max_age_ms?: number;
};

function whenOf({ kind, condition }: Part): When {
  const side = typeof condition.above === 'number' ? 'above' : 'below';
  if (kind === 'threshold') return side;
  if (kind === 'compare' && condition.area) return `area_${side}`;
  if (kind === 'compare') return condition.device === null ? `compare_${side}` : `device_${side}`;
  if (kind === 'count') return condition.value === null ? `count_${side}` : 'count_equals';
  if (kind === 'range') return condition.inside ? 'inside' : 'outside';
  return kind;
}

export function formOf(rule: Rule): RuleForm {
  const { scope } = rule;
  return {
    ...partOf(rule),
    id: rule.id,
    name: rule.name,
    severity: rule.severity,
    clear_for: durationText(rule.clear_for_ms),
    devices: scope.devices.join(', '),
    models: scope.models.join(', '),
    labels: scope.labels.join(', '),
    areas: areaNames.text(scope.areas),
    via: scope.via.join(', '),
    schedule: rule.schedule.join('; '),
    time_zone: rule.time_zone ?? localZone(),
  };
}

/** Return the fields of a rule's condition, or of one that it joins. */
function partOf(part: Part): RuleForm {
  const { condition } = part;
  const text = (key: string): string => {
    const value: unknown = condition[key];
    return value === null || value === undefined ? '' : String(value);
  };
  const when = whenOf(part);
  return {
    ...freshPart(),
    when,
    conditions: joins(when) ? (condition.conditions as Part[]).map(partOf) : [],
    metric: joins(when) ? '' : (part.metric ?? ''),
    quantity: joins(when) ? '' : (part.quantity ?? ''),
    with: condition.other === part.metric ? '' : text('other'),
    with_device: text('device'),
    device: part.device ?? '',
    max_age: durationText((part.device ? part.max_age_ms : condition.max_age_ms) as number | undefined),
    limit: text('above') || text('below'),
    clear: text('clear'),
    ...stepsOf(condition.steps as Step[] | undefined),
    low: text('low'),
    high: text('high'),
    hysteresis: condition.hysteresis ? text('hysteresis') : '',
    // A text that looks like a number or a boolean keeps its quotes, so that it remains a text.
    value:
      typeof condition.value === 'string' && PLAIN.test(condition.value)
        ? quoted(condition.value)
        : text('value'),
    by: text('by'),
    within: durationText(condition.window_ms as number | undefined),
    falling: condition.falling === true,
    counter: condition.counter === true,
    times: text('times'),
    each_value: condition.each_value === true,
    device_limits: condition.device_limits === true,
    tolerance: condition.tolerance ? text('tolerance') : '',
    sensitivity: (condition.sensitivity as Sensitivity | undefined) ?? 'medium',
    silence: durationText(condition.silence_ms as number | undefined),
    missed: text('missed'),
    for: durationText(part.for_ms),
  };
}

const words = (text: string, separator = ','): string[] =>
  text
    .split(separator)
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
export type RuleKeys = {
  [key: string]: Plain | (string | number)[] | Record<string, Plain> | RuleKeys[] | null;
};
type Plain = string | number | boolean;

/** Return the table of a further limit, null if it has none. */
function stepKeys(when: When, limit: Plain | null, clear: Plain | null): Record<string, Plain> | null {
  return limit === null ? null : { [when]: limit, ...(clear !== null && { clear }) };
}

/** Return the fields as the keys of a rule in rules.toml. */
export function keysOf(form: RuleForm): RuleKeys {
  const list = (text: string, separator?: string): string[] | null => {
    const found = words(text, separator);
    return found.length ? found : null;
  };
  const schedule = list(form.schedule, ';');
  const clear = form.clear_for.trim();
  return {
    id: form.id.trim(),
    name: form.name.trim(),
    ...conditionKeys(form, fieldsOf(form)),
    clear_for: fieldsOf(form).clear_for && clear ? number(clear) : null,
    severity: form.severity,
    devices: list(form.devices),
    models: list(form.models),
    labels: list(form.labels),
    areas: list(form.areas),
    via: list(form.via),
    schedule,
    time_zone: schedule && form.time_zone.trim(),
  };
}

/** Return the keys of a joined condition. */
function partKeys(form: RuleForm): RuleKeys {
  const keys = Object.entries(conditionKeys(form, partFieldsOf(form)));
  return Object.fromEntries(keys.filter(([, value]) => value !== null));
}

/** Return the keys of a condition that has these fields. */
function conditionKeys(form: RuleForm, fields: ReturnType<typeof fieldsOf>): RuleKeys {
  /** Return the value of a field, null if it is empty or the kind has no such field. */
  const own = (field: Field): number | string | null =>
    fields[field] && form[field].trim() ? number(form[field]) : null;
  const limits = { limit: number(form.limit), range: [number(form.low), number(form.high)] };
  const other = { kind: 'compare', with: form.with.trim() || null };
  const often = {
    kind: 'count',
    times: own('times'),
    within: own('within'),
    each_value: form.each_value || null,
  };
  const kinds: Record<When, RuleKeys> = {
    above: { kind: null, above: limits.limit },
    below: { kind: null, below: limits.limit },
    outside: { kind: 'range', outside: limits.range },
    inside: { kind: 'range', inside: limits.range },
    compare_above: { kind: 'compare', with: form.with.trim(), above: limits.limit },
    compare_below: { kind: 'compare', with: form.with.trim(), below: limits.limit },
    device_above: { ...other, with_device: form.with_device.trim(), above: limits.limit },
    device_below: { ...other, with_device: form.with_device.trim(), below: limits.limit },
    area_above: { ...other, with_area: 'median', above: limits.limit },
    area_below: { ...other, with_area: 'median', below: limits.limit },
    equals: { kind: 'equals', value: plain(form.value) },
    rate: {
      kind: 'rate',
      by: number(form.by),
      within: own('within'),
      falling: form.falling || null,
      counter: form.counter || null,
    },
    count_above: { ...often, above: limits.limit },
    count_below: { ...often, below: limits.limit },
    count_equals: { ...often, value: plain(form.value) },
    stuck: { kind: 'stuck', tolerance: own('tolerance') },
    anomaly: { kind: 'anomaly', sensitivity: form.sensitivity },
    no_data: { kind: 'no_data', silence: own('silence'), missed: own('missed') },
    all: { kind: 'all' },
    any: { kind: 'any' },
    not: { kind: 'not' },
  };
  const { kind, ...condition } = kinds[form.when];
  return {
    kind: kind!,
    metric:
      (fields.metric && form.metric.trim()) || (fields.metric === 'text' && !own('quantity') ? '' : null),
    quantity: own('quantity'),
    device: (fields.device && form.device.trim()) || null,
    ...condition,
    max_age: own('max_age'),
    clear: own('clear'),
    ...Object.fromEntries(STEPS.map((step) => [step, stepKeys(form.when, own(step), own(`${step}_clear`))])),
    hysteresis: own('hysteresis'),
    device_limits: (fields.clear_for && tightens(form.when) && form.device_limits) || null,
    for: own('for'),
    conditions: joins(form.when) ? joinedIn(form).map(partKeys) : null,
  };
}
