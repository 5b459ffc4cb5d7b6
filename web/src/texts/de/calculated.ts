// Texts of calculated metrics.

import { plural } from '../plural';

const devices = (n: number, shown: string): string =>
  `${shown} ${plural(n, { one: 'Gerät', other: 'Geräte' })}`;

export const calculated = {
  title: 'Berechnete Metriken',
  lead: 'Gespeichert in calculated.toml im Datenordner. Änderungen gelten sofort.',
  add: 'Neue Metrik',
  newMetric: 'Neue Metrik',
  edit: (name: string) => `${name} bearbeiten`,
  back: 'Alle berechneten Metriken',
  gone: 'Diese Metrik gibt es nicht mehr.',
  none: 'Noch keine berechneten Metriken.',
  form: 'Formular',
  text: 'TOML',
  textLead: 'Dieselbe Metrik als Text. Änderungen erscheinen auf beiden Seiten.',
  unread: 'Das Formular erscheint, sobald der Text gültig ist.',
  save: 'Speichern',
  cancel: 'Abbrechen',
  remove: 'Metrik löschen',
  removeOne: (name: string) => `${name} löschen`,
  removeLead: 'Ihr Verlauf bleibt erhalten. Sie können das einige Sekunden lang rückgängig machen.',
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
    metric: 'Metrik',
    expression: 'Ausdruck',
    unit: 'Einheit',
    device: 'Ergebnis auf einem Gerät',
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
      'Metriken des Geräts, + - * / und Funktionen: rate(x, 300), average(x, 300), total(power / 1000), sum(metric("power", area="Hall 2"))',
    unit: 'Leer: abgeleitet aus den Eingangswerten',
    device: 'Ersetzt die Felder darunter. Das Gerät wird angelegt, wenn es fehlt',
    max_age: 'Ältere Eingangswerte gelten als fehlend',
  },
  trial: {
    title: 'Test mit gespeicherten Messwerten',
    lead: (readings: string, step: string) =>
      `Alle ${step} aus ${readings} gespeicherten Messwerten berechnet. Die Werte werden nicht gespeichert.`,
    more: (n: string, all: string) => `${n} von ${all} Geräten werden gezeigt.`,
    running: 'Wird berechnet…',
    nothing: 'Keine Werte: In diesem Zeitraum fehlen Eingangswerte.',
    periods: { hour: 'Letzte Stunde', day: 'Letzter Tag', week: 'Letzte Woche' },
    period: 'Zeitraum',
    last: 'zuletzt',
  },
};
