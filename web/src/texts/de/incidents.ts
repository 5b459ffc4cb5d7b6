// Texts of incidents.

import { plural } from '../plural';

const alerts = (n: number): string => `${n} ${plural(n, { one: 'Alarm', other: 'Alarme' })}`;

export const incidents = {
  one: 'Störung',
  titles: {
    'incident.device': (name: string, message: string) => `${name}: ${message}`,
    'incident.gateway': (name: string) => `Über ${name} wird nichts empfangen`,
    'incident.rule': (name: string, message: string) => `${name} und andere: ${message}`,
  },
  states: { open: 'Offen', acknowledged: 'Quittiert', resolved: 'Behoben' },
  kinds: {
    device: 'Gleiches Gerät oder gleiche Maschine',
    gateway: 'Gateway ausgefallen',
    rule: 'Gleiche Regel',
  },
  alerts,
  suppressed: (n: number) => `${n} unterdrückt`,
  suppressedBy: (name: string | null) =>
    name ? `Unterdrückt: ${name} ist ausgefallen` : 'Unterdrückt: Gateway ist ausgefallen',
  suppressedLead: 'Über diesen Alarm wird niemand benachrichtigt, solange sein Gateway ausgefallen ist.',
  withdrawnLead:
    'Zurückgezogen, als sein Gateway wieder erreichbar war. Sendet das Gerät weiterhin nichts, wird ein neuer Alarm ausgelöst.',
  flapping: 'Flattert',
  flappingLead:
    'Dieser Alarm wird immer wieder ausgelöst und beendet. Nicht jedes Mal wird jemand benachrichtigt.',
  expand: (title: string) => `Alarme von ${title} anzeigen`,
  select: (title: string) => `Alarme von ${title} auswählen`,
  partOf: 'Störung',
  first: 'Erste Änderung',
  started: 'Beginn',
  ended: 'Behoben',
  lasted: 'Dauer',
  cause: 'Gruppiert nach',
  chart: (title: string) => `${title} um die erste Änderung`,
  list: 'Alarme',
  timeline: 'Zeitverlauf',
  missing:
    'Störung nicht gefunden. Die zugehörigen Alarme sind möglicherweise älter als die Aufbewahrungsdauer oder gehören zu Geräten außerhalb Ihrer Bereiche.',
  more: (n: number) => `${n} weitere anzeigen`,
};
