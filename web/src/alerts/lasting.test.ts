import { expect, it } from 'vitest';
import type { Alert } from '../api/types';
import { lasting } from './lasting';

const alert = (more: Partial<Alert>): Alert =>
  ({ state: 'raised', began_at: 1000, ended_at: null, raised_at: 6000, cleared_at: null, ...more }) as Alert;

it('counts an open alert from its beginning, a past one by the times of its device', () => {
  expect(lasting(alert({}), 9000)).toBe(8000);
  expect(lasting(alert({ state: 'cleared', ended_at: 4000, cleared_at: 6000 }), 9000)).toBe(3000);
  expect(lasting(alert({ state: 'cleared', cleared_at: 7000 }), 9000)).toBe(6000);
  expect(lasting(alert({ began_at: 20_000 }), 9000)).toBe(3000); // a device whose clock is ahead
});
