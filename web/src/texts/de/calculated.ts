// Texts of calculated metrics.

import { plural } from '../plural';

const devices = (n: number, shown: string): string =>
  `${shown} ${plural(n, { one: 'Gerät', other: 'Geräte' })}`;

export const calculated = {
  title: 'Berechnete Messgrößen',
  lead: 'Eine berechnete Messgröße wird mit einem Ausdruck aus anderen Messgrößen berechnet. Die Definitionen sind in calculated.toml im Datenordner gespeichert; Änderungen gelten sofort.',
  add: 'Neue Messgröße',
  newMetric: 'Neue Messgröße',
  edit: (name: string) => `${name} bearbeiten`,
  back: 'Alle berechneten Messgrößen',
  gone: 'Berechnete Messgröße nicht gefunden. Möglicherweise wurde sie gelöscht.',
  none: 'Noch keine berechneten Messgrößen. Mit „Neue Messgröße“ legen Sie eine an.',
  form: 'Formular',
  text: 'TOML',
  textLead:
    'Die Messgröße, wie sie in calculated.toml steht. Änderungen hier wirken sich auf das Formular aus und umgekehrt.',
  unread: 'Korrigieren Sie das TOML, um das Formular zu sehen.',
  save: 'Speichern',
  cancel: 'Abbrechen',
  remove: 'Messgröße löschen',
  removeOne: (name: string) => `${name} löschen`,
  removeLead:
    'Der Verlauf der Messgröße bleibt erhalten. Sie können dies einige Sekunden lang rückgängig machen.',
  saved: (name: string) => `${name} gespeichert`,
  removed: (name: string) => `${name} gelöscht`,
  undone: 'Änderung rückgängig gemacht',
  checking: 'Wird geprüft…',
  covers: (n: number, shown: string, unit: string | null) =>
    `Berechnet für ${devices(n, shown)}, ${unit ? `in ${unit}` : 'ohne Einheit'}.`,
  optional: (label: string) => `${label} (optional)`,
  columns: { name: 'Name', expression: 'Ausdruck', on: 'Geräte', every: 'Alle', unit: 'Einheit' },
  count: (n: number, shown: string) => devices(n, shown),
  derived: 'Abgeleitet',
  fields: {
    name: 'Name',
    id: 'ID',
    metric: 'Messgröße',
    expression: 'Ausdruck',
    unit: 'Einheit',
    device: 'Ergebnis auf einem Gerät speichern (ID)',
    every: 'Berechnen alle',
    max_age: 'Höchstalter der Eingangswerte',
    devices: 'Geräte',
    models: 'Modelle',
    labels: 'Labels',
    areas: 'Bereiche',
    via: 'Gateways',
  },
  notes: {
    expression:
      'Messgrößen des Geräts, + - * / und Funktionen: rate(x, 300), average(x, 300), total(power / 1000), sum(metric("power", area="Hall 2"))',
    unit: 'Leer: abgeleitet aus den Eingangswerten',
    device: 'Die Felder darunter gelten dann nicht. Das Gerät wird erstellt, wenn es fehlt',
    max_age: 'Ältere Eingangswerte gelten als fehlend',
  },
  trial: {
    title: 'Test mit gespeicherten Messwerten',
    lead: (readings: string, step: string) =>
      `Alle ${step} aus ${readings} gespeicherten Messwerten berechnet. Die Werte werden nicht gespeichert.`,
    more: (n: string, all: string) => `${n} von ${all} Geräten werden angezeigt.`,
    running: 'Wird berechnet…',
    nothing: 'Keine Werte: In diesem Zeitraum fehlen Eingangswerte.',
    periods: { hour: 'Letzte Stunde', day: 'Letzter Tag', week: 'Letzte Woche' },
    period: 'Zeitraum',
    last: 'zuletzt',
  },
};
