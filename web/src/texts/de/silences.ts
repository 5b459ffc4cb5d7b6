// Texts of silences.

import { plural } from '../plural';

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const alerts = (n: number): string => `${n} ${plural(n, { one: 'offenen Alarm', other: 'offene Alarme' })}`;

export const silences = {
  title: 'Stummschaltungen',
  lead: 'Über stummgeschaltete Alarme wird niemand benachrichtigt. Sie werden weiterhin ausgelöst, aufgelistet und gekennzeichnet.',
  add: 'Neue Stummschaltung',
  edit: 'Stummschaltung bearbeiten',
  create: 'Stummschaltung erstellen',
  change: 'Bearbeiten',
  saved: 'Stummschaltung gespeichert',
  ended: 'Stummschaltung beendet',
  endNow: 'Jetzt beenden',
  endTitle: (note: string) => `Stummschaltung „${note}“ beenden?`,
  endLead: 'Die Stummschaltung endet jetzt für alle Alarme und bleibt als abgelaufen in der Liste.',
  states: { active: 'Aktiv', pending: 'Geplant', expired: 'Abgelaufen' },
  none: 'Keine aktiven Stummschaltungen.',
  noneLead: 'Erstellen Sie eine für geplante Arbeiten, einmalig oder wöchentlich.',
  by: (name: string) => `von ${name}`,
  hidesNow: (n: number) => `betrifft ${alerts(n)}`,
  wouldHide: (n: number) => `beträfe ${alerts(n)}`,
  hides: (n: number) => `Betrifft jetzt ${alerts(n)}`,
  covers: (n: number) => `Betrifft ${n} ${plural(n, { one: 'Gerät', other: 'Geräte' })}.`,
  missing: (parts: string[]) => `Es fehlt noch: ${parts.join('; ')}.`,
  missingParts: {
    note: 'eine Notiz',
    matchers: 'die betroffenen Alarme: ein Gerät, ein Bereich, ein Label, eine Regel oder ein Schweregrad',
    end: 'ein Ende',
    days: 'mindestens ein Tag',
    times: 'Von und Bis',
    zone: 'eine Zeitzone',
  },
  andMore: (n: number) => `und ${n} weitere`,
  chooseSome:
    'Füllen Sie mindestens ein Feld aus. Die Stummschaltung gilt für Alarme, auf die alle ausgefüllten Felder zutreffen.',
  next: (t: string) => `nächstes Mal ${t}`,
  until: (t: string) => `bis ${t}`,
  window: (days: string, start: number, end: number, zone: string) =>
    `${days}, ${clock(start)} bis ${clock(end)} (${zone})`,
  note: 'Notiz',
  matchers: 'Betroffene Alarme',
  lists: { devices: 'Geräte', areas: 'Bereiche', labels: 'Labels', rules: 'Regeln' },
  placeholders: { devices: 'pumpe-*, luefter-01', areas: 'Halle 2', labels: 'test', rules: 'heiss' },
  models: 'Modelle',
  via: 'Gateways',
  severities: 'Schweregrade',
  start: 'Beginn',
  startNow: 'Leer: jetzt',
  end: 'Ende',
  endNever: 'Leer: bis Sie sie beenden',
  weekly: 'Wöchentlich wiederholen (Wartungsfenster)',
  days: 'Tage',
  dayNames: ['Mo', 'Di', 'Mi', 'Do', 'Fr', 'Sa', 'So'],
  from: 'Von',
  to: 'Bis',
  zone: 'Zeitzone',
};
