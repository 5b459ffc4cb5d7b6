// Texts of changes of many devices at once.

import { plural } from '../plural';

export const bulk = {
  select: 'Geräte auswählen',
  label: 'Ausgewählte Geräte',
  all: 'Alle auswählen',
  mostSelected: (n: string) => `Sie können höchstens ${n} Geräte auf einmal auswählen.`,
  silence: 'Stummschalten…',
  area: 'Bereich…',
  labels: 'Labels…',
  delete: 'Löschen…',
  mostSilenced: (n: number) =>
    `Eine Stummschaltung kann höchstens ${n} Geräte haben. Schalten Sie einen Bereich oder ein Label stumm.`,
  titles: {
    area: (n: number) => plural(n, { one: 'Bereich von 1 Gerät', other: `Bereich von ${n} Geräten` }),
    labels: (n: number) => plural(n, { one: 'Labels von 1 Gerät', other: `Labels von ${n} Geräten` }),
    delete: (n: number) => plural(n, { one: '1 Gerät löschen?', other: `${n} Geräte löschen?` }),
  },
  apply: { area: 'Bereich festlegen', labels: 'Labels ändern', delete: 'Endgültig löschen' },
  areaHint: 'Ein neuer Name erstellt einen Bereich. Leer: der Bereich, den jedes Gerät meldet.',
  add: 'Neue Labels, durch Kommas getrennt',
  remove: 'Zu entfernende Labels',
  present: (names: string) => `Vorhanden: ${names}`,
  noLabels: 'Keines der Geräte hat ein Label.',
  deleteLead:
    'Löscht die Geräte mit Verlauf und Alarmen. Sendet eines wieder, wird es als neues Gerät hinzugefügt.',
  progress: (done: number, all: number) => `${done} von ${all}`,
  stop: 'Anhalten',
  again: 'Erneut versuchen',
  undone: 'Änderungen zurückgenommen',
  changed: (n: number) => plural(n, { one: `${n} Gerät geändert`, other: `${n} Geräte geändert` }),
  deleted: (n: number) => plural(n, { one: `${n} Gerät gelöscht`, other: `${n} Geräte gelöscht` }),
  unchanged: (n: number) =>
    plural(n, { one: `${n} Gerät brauchte keine Änderung`, other: `${n} Geräte brauchten keine Änderung` }),
  failed: (n: number) =>
    plural(n, { one: `${n} Gerät wurde nicht geändert:`, other: `${n} Geräte wurden nicht geändert:` }),
};
