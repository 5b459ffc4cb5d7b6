// Convert a reaction's keys in reactions.toml to form fields and back. Keys without a field are kept as they are. Fields hold what
// the user typed; the hub validates them. Areas are shown by name.

import { areaNames } from '../areas/names.svelte';

/** The keys of a table; null removes one. */
export type ReactionKeys = Record<string, unknown>;
type Table = Record<string, unknown>;

export const STARTS = ['raised', 'cleared', 'acknowledged', 'schedule'] as const;
export const TARGETS = ['alert', 'device', 'several'] as const;
export const SENDS = ['command', 'webhook', 'publish'] as const;
export const CHECKS = ['none', 'above', 'below', 'equals'] as const;
/** Keys of a command that only one to several devices has. */
const OF_SEVERAL = ['devices', 'models', 'via', 'max_devices'];
export const SEVERITIES = ['info', 'warning', 'critical'] as const;

export interface ReactionForm {
  name: string;
  id: string;
  dry: boolean;
  starts: (typeof STARTS)[number];
  rules: string;
  severities: string[];
  devices: string;
  areas: string;
  labels: string;
  for: string;
  times: string;
  time_zone: string;
  /** `kept`: a condition that the form cannot show; it stays as it is in the text. */
  check: (typeof CHECKS)[number] | 'kept';
  check_metric: string;
  check_device: string;
  check_value: string;
  sends: (typeof SENDS)[number];
  target: (typeof TARGETS)[number];
  device: string;
  to_areas: string;
  to_labels: string;
  command: string;
  value: string;
  url: string;
  secret_from: string;
  topic: string;
  payload: string;
  qos: string;
  retain: boolean;
}
export type Field = keyof ReactionForm;

const table = (value: unknown): Table =>
  value && typeof value === 'object' && !Array.isArray(value) ? (value as Table) : {};
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const joined = (value: unknown): string => (Array.isArray(value) ? value.join(', ') : '');
const areasOf = (value: unknown): string => (Array.isArray(value) ? areaNames.text(value.map(String)) : '');
const list = (typed: string): string[] =>
  typed
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);

/** Return a command's value as text: a text that looks like another value has quotes. */
export function valueText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' && valueOf(value) === value ? value : JSON.stringify(value);
}

/** Return the value that a text stands for: true, 12.5, "12", {"x": 1}, or the text itself. */
export function valueOf(typed: string): unknown {
  try {
    const value: unknown = JSON.parse(typed);
    return value === null ? undefined : value;
  } catch {
    return typed.trim() || undefined;
  }
}

export function fresh(id: string, zone: string): ReactionForm {
  return { ...formOf({ alert: {}, command: {} }), id, dry: true, time_zone: zone };
}

export function formOf(values: Table): ReactionForm {
  const [alert, schedule, condition] = [
    table(values['alert']),
    table(values['schedule']),
    table(values['condition']),
  ];
  const [command, webhook, publish] = [
    table(values['command']),
    table(values['webhook']),
    table(values['publish']),
  ];
  const several = ['devices', 'models', 'labels', 'areas', 'via'].some((key) => key in command);
  const check = checkOf(values['condition']);
  return {
    name: text(values['name']),
    id: text(values['id']),
    dry: values['mode'] === 'dry_run',
    starts: values['schedule'] ? 'schedule' : (STARTS.find((each) => each === alert['step']) ?? 'raised'),
    rules: joined(alert['rules']),
    severities: Array.isArray(alert['severities']) ? alert['severities'].map(String) : [],
    devices: joined(alert['devices']),
    areas: areasOf(alert['areas']),
    labels: joined(alert['labels']),
    for: valueText(alert['for']),
    times: joined(schedule['times']),
    time_zone: text(schedule['time_zone']),
    check,
    check_metric: text(condition['metric']),
    check_device: text(condition['device']),
    check_value: valueText(condition[check === 'equals' ? 'value' : check]),
    sends: values['publish'] ? 'publish' : values['webhook'] ? 'webhook' : 'command',
    target: several ? 'several' : command['device'] === undefined ? 'alert' : 'device',
    device: text(command['device']),
    to_areas: areasOf(command['areas']),
    to_labels: joined(command['labels']),
    command: text(command['name']),
    value: valueText(command['value']),
    url: text(webhook['url']),
    secret_from: text(webhook['secret_from']),
    topic: text(publish['topic']),
    payload: text(publish['payload']),
    qos: publish['qos'] === 0 ? '0' : '1',
    retain: publish['retain'] === true,
  };
}

function checkOf(condition: unknown): ReactionForm['check'] {
  if (condition === undefined) return 'none';
  const { kind = 'threshold', ...rest } = table(condition);
  const [key, ...more] = Object.keys(rest).filter((each) => each !== 'metric' && each !== 'device');
  if (more.length) return 'kept';
  if (kind === 'equals' && key === 'value') return 'equals';
  return kind === 'threshold' && (key === 'above' || key === 'below') ? key : 'kept';
}

/** Return the keys of a form. `before` are those that it was made from: what the form does not show is taken from there. */
export function keysOf(form: ReactionForm, before: Table): ReactionKeys {
  const scheduled = form.starts === 'schedule';
  return {
    ...before,
    id: form.id.trim() || null,
    name: form.name.trim() || null,
    mode: form.dry ? 'dry_run' : null,
    alert: scheduled
      ? null
      : merged(before['alert'], {
          step: form.starts === 'raised' ? undefined : form.starts,
          rules: list(form.rules),
          severities: form.severities,
          devices: list(form.devices),
          areas: list(form.areas),
          labels: list(form.labels),
          for: form.for.trim(),
        }),
    schedule: scheduled ? { times: list(form.times), time_zone: form.time_zone.trim() } : null,
    condition: form.check === 'kept' ? before['condition'] : conditionKeys(form),
    command: form.sends === 'command' ? commandKeys(form, before['command']) : null,
    webhook:
      form.sends === 'webhook'
        ? merged(before['webhook'], { url: form.url.trim(), secret_from: form.secret_from.trim() })
        : null,
    publish: form.sends === 'publish' ? publishKeys(form, before['publish']) : null,
  };
}

function conditionKeys(form: ReactionForm): Table | null {
  if (form.check === 'none' || form.check === 'kept') return null;
  const equals = form.check === 'equals';
  return merged(
    {},
    {
      kind: equals ? 'equals' : '',
      metric: form.check_metric.trim(),
      device: form.check_device.trim(),
      [equals ? 'value' : form.check]: valueOf(form.check_value),
    },
  );
}

function commandKeys(form: ReactionForm, before: unknown): Table {
  const several = form.target === 'several';
  const kept = Object.entries(table(before)).filter(([key]) => several || !OF_SEVERAL.includes(key));
  return merged(Object.fromEntries(kept), {
    device: form.target === 'device' ? form.device.trim() : '',
    areas: several ? list(form.to_areas) : [],
    labels: several ? list(form.to_labels) : [],
    name: form.command.trim(),
    value: valueOf(form.value),
  });
}

function publishKeys(form: ReactionForm, before: unknown): Table {
  return merged(before, {
    topic: form.topic.trim(),
    payload: form.payload,
    qos: form.qos === '0' ? 0 : undefined,
    retain: form.retain || undefined,
  });
}

/** Return a table with these keys set, and those without a value removed. */
function merged(before: unknown, changes: Table): Table {
  const found = Object.entries({ ...table(before), ...changes });
  return Object.fromEntries(
    found.filter(
      ([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && !value.length),
    ),
  );
}
