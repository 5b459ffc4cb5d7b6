// A silence as the form edits it: with the names of areas in place of their ids.

import { areaNames } from '../areas/names.svelte';
import type { Severity, Silence } from '../api/types';

export interface Draft {
  note: string;
  /** Lists are texts with commas. */
  devices: string;
  areas: string;
  labels: string;
  rules: string;
  severities: Severity[];
  weekly: boolean;
  /** Values of `datetime-local` fields; an empty start is now, an empty end none. */
  starts: string;
  ends: string;
  days: number[];
  /** Values of `time` fields. */
  from: string;
  to: string;
  zone: string;
}

export const LISTS = ['devices', 'areas', 'labels', 'rules'] as const;

export const split = (text: string): string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);

const clockOf = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;

function minutesOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

/** Return an empty draft that ends at `ends`, a local time. */
export function emptyDraft(ends: string, zone: string): Draft {
  const lists = { devices: '', areas: '', labels: '', rules: '', severities: [] };
  return { ...lists, note: '', weekly: false, starts: '', ends, days: [], from: '22:00', to: '06:00', zone };
}

/** Return the draft of a silence; `local` writes a time as a `datetime-local` field does. */
export function draftOf(silence: Silence, local: (ts: number) => string, zone: string): Draft {
  const { scope, weekly } = silence;
  return {
    note: silence.note,
    devices: scope.devices.join(', '),
    areas: areaNames.text(scope.areas),
    labels: scope.labels.join(', '),
    rules: silence.rules.join(', '),
    severities: silence.severities,
    weekly: weekly !== null,
    starts: local(silence.starts_at),
    ends: silence.ends_at === null ? '' : local(silence.ends_at),
    days: weekly?.days ?? [],
    from: clockOf(weekly?.start ?? 22 * 60),
    to: clockOf(weekly?.end ?? 6 * 60),
    zone: weekly?.zone ?? zone,
  };
}

/** Return the matchers as the hub takes them. */
export function matchersOf(draft: Draft): Record<string, string[]> {
  return {
    ...Object.fromEntries(LISTS.map((name) => [name, split(draft[name])])),
    severities: draft.severities,
  };
}

/** Return whether nothing is chosen: such a silence is refused. */
export const matchesNothing = (draft: Draft): boolean =>
  Object.values(matchersOf(draft)).every((list) => list.length === 0);

export type Missing = 'note' | 'matchers' | 'end' | 'days' | 'times' | 'zone';

/** Return what has to be filled in before the silence can be saved, in the order of the form. */
export function missing(draft: Draft): Missing[] {
  const absent: Record<Missing, boolean> = {
    note: !draft.note.trim(),
    matchers: matchesNothing(draft),
    end: !draft.weekly && !draft.ends,
    days: draft.weekly && draft.days.length === 0,
    times: draft.weekly && !(draft.from && draft.to),
    zone: draft.weekly && !draft.zone.trim(),
  };
  return (Object.keys(absent) as Missing[]).filter((name) => absent[name]);
}

/** Return the body of the request. Models and gateways, which the form does not show, stay as in `before`. */
export function bodyOf(draft: Draft, before?: Silence): Record<string, unknown> {
  const time = (text: string): number | null => (text ? new Date(text).getTime() : null);
  return {
    note: draft.note.trim(),
    ...matchersOf(draft),
    ...(before ? { models: before.scope.models, via: before.scope.via } : {}),
    starts_at: time(draft.starts),
    ends_at: time(draft.ends),
    weekly: draft.weekly
      ? { days: draft.days, start: minutesOf(draft.from), end: minutesOf(draft.to), zone: draft.zone.trim() }
      : null,
  };
}
