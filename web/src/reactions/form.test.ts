import { expect, test } from 'vitest';
import { formOf, fresh, keysOf, valueOf, valueText } from './form';

const VALVE = {
  id: 'valve',
  name: 'Close the valve',
  alert: { rules: ['leak-*'], severities: ['critical'], via: ['gw'], for: '10s' },
  condition: { metric: 'flow', device: 'meter', above: 0.5 },
  command: { device: 'valve-1', name: 'state', value: false },
  limit: { per_minute: 2 },
};

test('keys without a field are kept', () => {
  const form = formOf(VALVE);
  expect(form).toMatchObject({ starts: 'raised', check: 'above', check_value: '0.5', target: 'device' });
  const keys = keysOf({ ...form, name: 'Other', severities: [] }, VALVE);
  expect(keys).toEqual({
    ...VALVE,
    name: 'Other',
    mode: null,
    alert: { rules: ['leak-*'], via: ['gw'], for: '10s' },
    schedule: null,
    webhook: null,
    publish: null,
  });
});

test('a message to publish keeps its payload as typed', () => {
  const values = { id: 'siren', alert: {}, publish: { topic: 'site/siren', payload: ' on ', qos: 0 } };
  const form = formOf(values);
  expect(form).toMatchObject({
    sends: 'publish',
    topic: 'site/siren',
    payload: ' on ',
    qos: '0',
    retain: false,
  });
  const keys = keysOf({ ...form, qos: '1', retain: true }, values);
  expect(keys['publish']).toEqual({ topic: 'site/siren', payload: ' on ', retain: true });
  expect(keys['command']).toBeNull();
  expect(keysOf({ ...form, sends: 'webhook', url: 'http://h' }, values)['publish']).toBeNull();
});

test('an alert becomes a schedule, and a device becomes several', () => {
  const form = {
    ...formOf(VALVE),
    starts: 'schedule' as const,
    times: 'daily 22:00, sun 08:00',
    time_zone: 'UTC',
  };
  const keys = keysOf({ ...form, target: 'several', to_labels: 'lamp' }, VALVE);
  expect(keys['alert']).toBeNull();
  expect(keys['schedule']).toEqual({ times: ['daily 22:00', 'sun 08:00'], time_zone: 'UTC' });
  expect(keys['command']).toEqual({ labels: ['lamp'], name: 'state', value: false });
});

test('a condition that the form cannot show stays as it is', () => {
  const condition = { kind: 'any', conditions: [{ metric: 'a', above: 1 }] };
  const form = formOf({ ...VALVE, condition });
  expect(form.check).toBe('kept');
  expect(keysOf(form, { ...VALVE, condition })['condition']).toBe(condition);
});

test('values are typed as JSON or as plain text', () => {
  for (const value of [true, 12.5, 'ON', '12', 'true', { x: 1 }, [1]])
    expect(valueOf(valueText(value))).toEqual(value);
  expect(valueOf(' ')).toBeUndefined();
});

test('a new reaction is a dry run', () => {
  expect(keysOf(fresh('new', 'UTC'), {})).toMatchObject({
    id: 'new',
    mode: 'dry_run',
    alert: {},
    command: {},
  });
});
