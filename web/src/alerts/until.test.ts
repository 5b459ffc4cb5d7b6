import { expect, it } from 'vitest';
import { AT_TIME, CLEARED, endOf, localTime } from './until';

const NOW = new Date(2026, 2, 1, 8, 30).getTime();

it('has no end until the alert is cleared', () => {
  expect(endOf(CLEARED, '2026-03-01T09:00', NOW)).toBeNull();
});

it('adds a duration to the present time', () => {
  expect(endOf('3600000', '', NOW)).toBe(NOW + 3_600_000);
});

it('reads the time that was entered in the local time zone, and writes it back', () => {
  const end = endOf(AT_TIME, '2026-03-01T09:00', NOW)!;
  expect(end - NOW).toBe(30 * 60_000);
  expect(localTime(end)).toBe('2026-03-01T09:00');
});
