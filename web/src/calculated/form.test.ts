import { expect, test } from 'vitest';
import type { CalculatedMetric } from '../api/types';
import { formOf, fresh, keysOf } from './form';

const HEAT: CalculatedMetric = {
  id: 'heat',
  name: 'Heat output',
  metric: 'heat',
  expression: 'flow * (supply - back)',
  unit: 'kW',
  device: null,
  scope: { devices: ['hp-1', 'hp-2'], models: [], labels: [], areas: ['Hall 2'], via: [] },
  every_ms: 90_000,
  max_age_ms: 0,
};

test('a metric as fields and as keys', () => {
  expect(keysOf(formOf(HEAT))).toEqual({
    id: 'heat',
    name: 'Heat output',
    metric: 'heat',
    expression: 'flow * (supply - back)',
    unit: 'kW',
    device: null,
    every: '90s',
    max_age: null,
    devices: ['hp-1', 'hp-2'],
    models: null,
    labels: null,
    areas: ['Hall 2'],
    via: null,
  });
});

test('empty fields are left out', () => {
  const keys = keysOf({ ...fresh('new'), devices: ' , ', metric: ' heat ' });
  expect(keys).toMatchObject({ id: 'new', metric: 'heat', devices: null, name: null, expression: null });
});
