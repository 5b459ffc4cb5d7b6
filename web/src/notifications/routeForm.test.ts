import { expect, it } from 'vitest';
import type { NotificationRoute } from '../api/types';
import { bodyOf, draftOf, placeOfNew } from './routeForm';

const route: NotificationRoute = {
  name: 'Night',
  scope: { devices: ['pump-*'], models: ['M'], labels: [], areas: ['Hall'], via: ['gw'] },
  rules: ['hot'],
  severities: ['critical'],
  hours: [
    { days: [0], start: 0, end: 60, zone: 'UTC' },
    { days: [1], start: 0, end: 60, zone: 'UTC' },
  ],
  steps: [
    { after_s: 0, channels: ['mail'], people: [], roles: [] },
    { after_s: 900, channels: [], people: ['u-1'], roles: ['administrator'] },
  ],
  group_by: 'rule',
  group_wait_s: 1,
  diagnosis_wait_s: 2,
  group_interval_s: 3,
  repeat_s: 3600,
  template: { title: '{{ device }}', text: '' },
};

it('keeps a route as it is, also what the form does not show', () => {
  const { scope, ...rest } = route;
  expect(bodyOf(draftOf(route, 'UTC'))).toEqual({ ...scope, ...rest });
});

it('begins with a step to all shared channels', () => {
  expect(draftOf(null, 'UTC').steps).toEqual([{ after: 0, channels: ['*'], people: [], roles: [] }]);
});

it('puts a new route before a last one that matches every alert', () => {
  const scope = { devices: [], models: [], labels: [], areas: [], via: [] };
  const all: NotificationRoute = { ...route, scope, rules: [], severities: [], hours: [] };
  expect([[], [route], [route, all], [all, route]].map(placeOfNew)).toEqual([0, 1, 1, 2]);
});
