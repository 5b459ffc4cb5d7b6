// Convert a calculated metric to form fields, and form fields to its keys in calculated.toml. Fields hold what the user typed;
// the hub validates them. Areas are shown by name.

import { areaNames } from '../areas/names.svelte';
import type { CalculatedMetric } from '../api/types';
import { durationText } from '../rules/form';

export const SCOPE = ['devices', 'models', 'labels', 'areas', 'via'] as const;
const TEXTS = ['name', 'id', 'metric', 'expression', 'unit', 'device', 'every', 'max_age'] as const;
export type Field = (typeof TEXTS)[number] | (typeof SCOPE)[number];
export type CalculatedForm = Record<Field, string>;
/** The keys of a table; null removes one. */
export type CalculatedKeys = Record<string, string | string[] | null>;

export const fresh = (id: string): CalculatedForm => ({
  name: '',
  id,
  metric: '',
  expression: '',
  unit: '',
  device: '',
  every: '10s',
  max_age: '',
  devices: '',
  models: '',
  labels: '',
  areas: '',
  via: '',
});

export function formOf(metric: CalculatedMetric): CalculatedForm {
  const list = (key: (typeof SCOPE)[number]): string => metric.scope[key].join(', ');
  return {
    name: metric.name,
    id: metric.id,
    metric: metric.metric,
    expression: metric.expression,
    unit: metric.unit ?? '',
    device: metric.device ?? '',
    every: durationText(metric.every_ms),
    max_age: durationText(metric.max_age_ms),
    devices: list('devices'),
    models: list('models'),
    labels: list('labels'),
    areas: areaNames.text(metric.scope.areas),
    via: list('via'),
  };
}

const textOrNone = (text: string): string | null => text.trim() || null;

export function keysOf(form: CalculatedForm): CalculatedKeys {
  const list = (text: string): string[] | null => {
    const items = text.split(',').map((item) => item.trim());
    return items.some(Boolean) ? items.filter(Boolean) : null;
  };
  return {
    ...Object.fromEntries(TEXTS.map((key) => [key, textOrNone(form[key])])),
    ...Object.fromEntries(SCOPE.map((key) => [key, list(form[key])])),
  };
}
