import { afterEach, expect, it } from 'vitest';
import { clock, moment, when } from './format';
import { localTimes } from './localTimes';
import { zone } from './zone.svelte';

const NIGHT = Date.UTC(2026, 10, 21, 23, 30, 5);

afterEach(() => (zone.name = undefined));

it('shows times in the zone of the profile', () => {
  zone.name = 'Europe/Berlin';
  expect(clock(NIGHT)).toBe('00:30:05');
  expect(moment(NIGHT)).toBe('22 Nov 2026, 00:30:05');
  expect(when(NIGHT, Date.UTC(2026, 10, 22, 12))).toBe('00:30:05');
  zone.name = 'America/Denver';
  expect(clock(NIGHT)).toBe('16:30:05');
});

it('converts the times in a sentence of the hub', () => {
  zone.name = 'Europe/Berlin';
  const text = 'It rose between 23:30:05 UTC and 23:45 UTC, and by 2026-07-01 22:10 UTC; level 12:30.';
  expect(localTimes(text, NIGHT)).toBe(
    'It rose between 00:30:05 and 00:45, and by 2 Jul 00:10; level 12:30.',
  );
});

it('takes a time without a date as the one nearest to the event', () => {
  zone.name = 'Europe/Berlin';
  const afterMidnight = Date.UTC(2026, 2, 29, 0, 10); // the clock changes at 01:00 UTC of this day
  expect(localTimes('at 23:59 UTC', afterMidnight)).toBe('at 00:59');
  expect(localTimes('at 01:30 UTC', afterMidnight)).toBe('at 03:30');
});
