// A route as the form edits it: with the names of areas in place of their ids.

import { areaNames } from '../areas/names.svelte';
import type { MessageTemplate, NotificationRoute, Role, Severity } from '../api/types';
import { split } from '../silences/draft';

export interface Weekly {
  days: number[];
  start: number;
  end: number;
  zone: string;
}

export interface StepDraft {
  /** Minutes without acknowledgement. */
  after: number;
  channels: string[];
  people: string[];
  roles: Role[];
}

export interface RouteDraft {
  name: string;
  /** Lists are texts with commas. */
  devices: string;
  areas: string;
  labels: string;
  rules: string;
  severities: Severity[];
  timed: boolean;
  hours: Weekly;
  steps: StepDraft[];
  group_by: NotificationRoute['group_by'];
  group_wait_s: number;
  diagnosis_wait_s: number;
  group_interval_s: number;
  repeat: number;
  template: MessageTemplate;
  /** Fields that the form does not show; they are saved unchanged. */
  rest: { models: string[]; via: string[]; hours: Weekly[] };
}

export const LISTS = ['devices', 'areas', 'labels', 'rules'] as const;

export const everyDay = (zone: string): Weekly => ({
  days: [0, 1, 2, 3, 4, 5, 6],
  start: 22 * 60,
  end: 6 * 60,
  zone,
});

export const emptyStep = (after: number): StepDraft => ({ after, channels: [], people: [], roles: [] });

/** Return the draft of a route; of a new one without `route`. */
export function draftOf(route: NotificationRoute | null, zone: string): RouteDraft {
  const scope = route?.scope;
  return {
    name: route?.name ?? '',
    devices: scope?.devices.join(', ') ?? '',
    areas: areaNames.text(scope?.areas ?? []),
    labels: scope?.labels.join(', ') ?? '',
    rules: route?.rules.join(', ') ?? '',
    severities: [...(route?.severities ?? [])],
    timed: (route?.hours.length ?? 0) > 0,
    hours: { ...(route?.hours[0] ?? everyDay(zone)) },
    steps: route?.steps.map((each) => ({ ...each, after: each.after_s / 60 })) ?? [
      { ...emptyStep(0), channels: ['*'] },
    ],
    group_by: route?.group_by ?? 'incident',
    group_wait_s: route?.group_wait_s ?? 5,
    diagnosis_wait_s: route?.diagnosis_wait_s ?? 30,
    group_interval_s: route?.group_interval_s ?? 300,
    repeat: (route?.repeat_s ?? 14_400) / 60,
    template: { title: '', text: '', ...route?.template },
    rest: { models: scope?.models ?? [], via: scope?.via ?? [], hours: route?.hours.slice(1) ?? [] },
  };
}

/** Return the index of a new route: before a last route that matches every alert, after which none is tried. */
export function placeOfNew(routes: readonly NotificationRoute[]): number {
  const last = routes.at(-1);
  if (!last) return 0;
  const { scope, rules, severities, hours } = last;
  const lists = [scope.devices, scope.areas, scope.labels, scope.models, scope.via, rules, severities, hours];
  return lists.some((each) => each.length) ? routes.length : routes.length - 1;
}

/** Return the body that the hub takes for a draft. */
export function bodyOf(draft: RouteDraft): Record<string, unknown> {
  return {
    name: draft.name,
    ...Object.fromEntries(LISTS.map((name) => [name, split(draft[name])])),
    models: draft.rest.models,
    via: draft.rest.via,
    severities: draft.severities,
    hours: draft.timed ? [draft.hours, ...draft.rest.hours] : [],
    steps: draft.steps.map(({ after, channels, people, roles }) => ({
      after_s: Math.round(after * 60),
      channels,
      people,
      roles,
    })),
    group_by: draft.group_by,
    group_wait_s: draft.group_wait_s,
    diagnosis_wait_s: draft.diagnosis_wait_s,
    group_interval_s: draft.group_interval_s,
    repeat_s: Math.round(draft.repeat * 60),
    template: draft.template,
  };
}
