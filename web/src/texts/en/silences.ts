// Texts of silences.

import { plural } from '../plural';

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const alerts = (n: number): string => `${n} open ${plural(n, { one: 'alert', other: 'alerts' })}`;

export const silences = {
  title: 'Silences',
  lead: 'Nobody is notified of silenced alerts. They are still raised, listed and marked.',
  add: 'New silence',
  edit: 'Edit silence',
  create: 'Create silence',
  change: 'Edit',
  saved: 'Silence saved',
  ended: 'Silence ended',
  endNow: 'End now',
  endTitle: (note: string) => `End the silence “${note}”?`,
  endLead: 'The silence ends now for all its alerts, and stays in the list as expired.',
  states: { active: 'Active', pending: 'Pending', expired: 'Expired' },
  none: 'No active silences.',
  noneLead: 'Create one for planned work, once or every week.',
  by: (name: string) => `by ${name}`,
  hidesNow: (n: number) => `silences ${alerts(n)}`,
  wouldHide: (n: number) => `matches ${alerts(n)}`,
  hides: (n: number) => `Matches ${alerts(n)} now`,
  covers: (n: number) => `Covers ${n} ${plural(n, { one: 'device', other: 'devices' })}.`,
  missing: (parts: string[]) => `Still missing: ${parts.join('; ')}.`,
  missingParts: {
    note: 'a note',
    matchers: 'the alerts to silence: a device, area, label, rule or severity',
    end: 'an end',
    days: 'at least one day',
    times: 'from and to',
    zone: 'a time zone',
  },
  andMore: (n: number) => `and ${n} more`,
  chooseSome: 'Fill in at least one field. The silence applies to alerts that match all fields you fill in.',
  next: (t: string) => `next on ${t}`,
  until: (t: string) => `until ${t}`,
  window: (days: string, start: number, end: number, zone: string) =>
    `${days}, ${clock(start)} to ${clock(end)} (${zone})`,
  note: 'Note',
  matchers: 'Alerts to silence',
  lists: { devices: 'Devices', areas: 'Areas', labels: 'Labels', rules: 'Rules' },
  placeholders: { devices: 'pump-*, fan-01', areas: 'Hall 2', labels: 'test', rules: 'hot' },
  models: 'Models',
  via: 'Gateways',
  severities: 'Severities',
  start: 'Start',
  startNow: 'Empty: now',
  end: 'End',
  endNever: 'Empty: until you end it',
  weekly: 'Repeat every week (maintenance window)',
  days: 'Days',
  dayNames: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
  from: 'From',
  to: 'To',
  zone: 'Time zone',
};
