import { expect, it } from 'vitest';
import { localTime } from '../alerts/until';
import type { Silence } from '../api/types';
import { bodyOf, draftOf, emptyDraft, matchesNothing, missing } from './draft';

const STARTS = new Date(2026, 10, 30, 8, 0).getTime();
const SILENCE: Silence = {
  id: 's1',
  note: 'Service',
  by: 'Ada',
  at: STARTS,
  state: 'active',
  starts_at: STARTS,
  ends_at: STARTS + 3_600_000,
  weekly: { days: [0, 4], start: 1_350, end: 360, zone: 'Europe/Berlin' },
  next_start: null,
  next_end: null,
  scope: { devices: ['pump-*', 'fan'], models: ['X1'], labels: [], areas: ['Hall 2'], via: ['gw'] },
  rules: ['hot'],
  severities: ['warning'],
  alerts: 0,
};

it('keeps a silence unchanged when it is read and written', () => {
  const body = bodyOf(draftOf(SILENCE, localTime, 'UTC'), SILENCE);
  const { note, starts_at, ends_at, weekly, scope, rules, severities } = SILENCE;
  expect(body).toEqual({ note, starts_at, ends_at, weekly, ...scope, rules, severities });
});

it('has no matcher while it is empty', () => {
  const draft = emptyDraft('2026-11-30T09:00', 'UTC');
  expect(matchesNothing(draft)).toBe(true);
  expect(matchesNothing({ ...draft, devices: ' , ' })).toBe(true);
  expect(matchesNothing({ ...draft, devices: 'pump-*' })).toBe(false);
  expect(bodyOf(draft)).toMatchObject({ starts_at: null, weekly: null });
});

it('names what is missing', () => {
  const draft = emptyDraft('2026-11-30T09:00', 'UTC');
  expect(missing(draft)).toEqual(['note', 'matchers']);
  const named = { ...draft, note: 'Service', devices: 'pump-*' };
  expect(missing(named)).toEqual([]);
  expect(missing({ ...named, note: ' ', ends: '' })).toEqual(['note', 'end']);
  expect(missing({ ...named, weekly: true, ends: '', from: '' })).toEqual(['days', 'times']);
  expect(missing({ ...named, weekly: true, days: [0], zone: '' })).toEqual(['zone']);
});
