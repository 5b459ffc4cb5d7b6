// The fields of the rule form, and which of them each kind of rule has. Pure.

import type { Rule } from '../api/types';
import { SEVERITY } from '../live/protocol';

/** When a rule fires: the kind of the rule, or which of its limits it has. */
export const WHEN = [
  'above',
  'below',
  'outside',
  'inside',
  'compare_above',
  'compare_below',
  'device_above',
  'device_below',
  'area_above',
  'area_below',
  'equals',
  'rate',
  'count_above',
  'count_below',
  'count_equals',
  'stuck',
  'anomaly',
  'no_data',
  'all',
  'any',
  'not',
] as const;
export type When = (typeof WHEN)[number];

/** Whether conditions of their own are joined. */
export const joins = (when: When): boolean => when === 'all' || when === 'any' || when === 'not';

/** Return the conditions that a form joins: one for `not`. */
export const joinedIn = ({ when, conditions }: RuleForm): RuleForm[] =>
  joins(when) ? conditions.slice(0, when === 'not' ? 1 : undefined) : [];

/** Whether the limits that a device announces may count. */
export const tightens = (when: When): boolean => ['above', 'below', 'outside'].includes(when);

/** How far beyond what is usual a value is an anomaly, the least sensitive first. */
export const SENSITIVITIES = ['low', 'medium', 'high'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

/** The hub's limit for conditions inside others. */
export const MAX_DEPTH = 4;

export interface RuleForm {
  id: string;
  name: string;
  when: When;
  metric: string;
  /** All metrics that measure this, in place of one metric. */
  quantity: string;
  severity: Rule['severity'];
  with: string;
  with_device: string;
  /** The other device whose metric a joined condition reads. */
  device: string;
  max_age: string;
  limit: string;
  clear: string;
  warning: string;
  warning_clear: string;
  critical: string;
  critical_clear: string;
  low: string;
  high: string;
  hysteresis: string;
  value: string;
  by: string;
  within: string;
  falling: boolean;
  counter: boolean;
  times: string;
  each_value: boolean;
  device_limits: boolean;
  tolerance: string;
  sensitivity: Sensitivity;
  silence: string;
  missed: string;
  for: string;
  clear_for: string;
  devices: string;
  models: string;
  labels: string;
  areas: string;
  via: string;
  /** Windows such as `mon-fri 08:00-18:00`, separated by semicolons. */
  schedule: string;
  time_zone: string;
  /** The conditions that are joined: only the fields of their kind are used. */
  conditions: RuleForm[];
}

export type Field = Exclude<
  keyof RuleForm,
  'when' | 'severity' | 'sensitivity' | 'falling' | 'counter' | 'each_value' | 'device_limits' | 'conditions'
>;

/** What a field holds; `?` may be empty. */
export type Content =
  'text' | 'text?' | 'number' | 'number?' | 'positive' | 'duration' | 'duration?' | 'count';

type Fields = Partial<Record<Field, Content>>;

const DELAYS = { for: 'duration?', clear_for: 'duration?' } as const;
const METRIC = { metric: 'text', quantity: 'text?' } as const;
const LIMIT = { ...METRIC, limit: 'number', clear: 'number?' } as const;
const PAIR = { ...METRIC, with: 'text', limit: 'number', clear: 'number?', ...DELAYS } as const;
const RANGE = { ...METRIC, low: 'number', high: 'number', hysteresis: 'number?', ...DELAYS } as const;

const AREA = { ...PAIR, with: 'text?', max_age: 'duration?' } as const;
const DEVICE = { with_device: 'text', ...AREA } as const;
const OFTEN = { times: 'count', within: 'duration' } as const;

/** The fields of each kind of rule, in their order. */
const FIELDS: Record<When, Fields> = {
  above: LIMIT,
  below: LIMIT,
  outside: RANGE,
  inside: RANGE,
  compare_above: PAIR,
  compare_below: PAIR,
  device_above: DEVICE,
  device_below: DEVICE,
  area_above: AREA,
  area_below: AREA,
  equals: { ...METRIC, value: 'text', ...DELAYS },
  rate: { ...METRIC, by: 'positive', within: 'duration', ...DELAYS },
  count_above: { ...LIMIT, ...OFTEN },
  count_below: { ...LIMIT, ...OFTEN },
  count_equals: { ...METRIC, value: 'text', ...OFTEN },
  stuck: { ...METRIC, tolerance: 'number?', for: 'duration' },
  anomaly: { ...METRIC, ...DELAYS },
  no_data: { metric: 'text?', quantity: 'text?', silence: 'duration?', missed: 'number?' },
  all: DELAYS,
  any: DELAYS,
  not: DELAYS,
};

/** Severities with a limit of their own, beside the rule's. */
export const STEPS = ['warning', 'critical'] as const;

/** Whether a joined condition can read a metric of another device. */
const isElsewhere = (when: When): boolean => tightens(when) || when === 'inside' || when === 'equals';

/** Return the fields of a joined condition, in their order. */
export function partFieldsOf({ when, device }: Pick<RuleForm, 'when' | 'device'>): Fields {
  if (joins(when)) return {};
  const fields: Fields = { ...FIELDS[when] };
  if (when === 'above' || when === 'below') fields.for = 'duration?';
  delete fields.clear_for;
  if (isElsewhere(when)) fields.device = 'text?';
  const other = isElsewhere(when) && device.trim() !== '';
  if (other) fields.max_age = 'duration?';
  if (other || /^(compare|device|area)_/.test(when)) delete fields.quantity;
  return fields;
}

/** Return the fields of a rule, in their order. */
export function fieldsOf({ when, severity }: Pick<RuleForm, 'when' | 'severity'>): Fields {
  if (when !== 'above' && when !== 'below') return FIELDS[when];
  const fields: Fields = { ...FIELDS[when] };
  for (const higher of STEPS.slice(SEVERITY.indexOf(severity) - 1)) {
    fields[higher] = 'number?';
    fields[`${higher}_clear`] = 'number?';
  }
  return { ...fields, ...DELAYS };
}

export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** An empty form for a new rule, without default values that could be mistaken for a choice. */
export const fresh = (id: string): RuleForm => ({
  id,
  name: '',
  when: 'above',
  metric: '',
  quantity: '',
  severity: 'warning',
  with: '',
  with_device: '',
  device: '',
  max_age: '',
  limit: '',
  clear: '',
  warning: '',
  warning_clear: '',
  critical: '',
  critical_clear: '',
  low: '',
  high: '',
  hysteresis: '',
  value: '',
  by: '',
  within: '',
  falling: false,
  counter: false,
  times: '',
  each_value: false,
  device_limits: false,
  tolerance: '',
  sensitivity: 'medium',
  silence: '',
  missed: '',
  for: '5s',
  clear_for: '',
  devices: '',
  models: '',
  labels: '',
  areas: '',
  via: '',
  schedule: '',
  time_zone: localZone(),
  conditions: [],
});

/** An empty form for another joined condition. */
export const freshPart = (): RuleForm => ({ ...fresh(''), for: '' });
