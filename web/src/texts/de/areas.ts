// Texts of areas.

import { plural } from '../plural';

export const areas = {
  title: 'Bereiche',
  lead: 'Den Bereich eines Geräts legen Sie auf dessen Seite unter „Einstellungen“ fest. Personen lassen sich auf Bereiche beschränken.',
  none: 'Noch keine Bereiche.',
  devices: (n: number, text: string) => plural(n, { one: '1 Gerät', other: `${text} Geräte` }),
  name: 'Name des Bereichs',
  parent: 'Übergeordneter Bereich',
  top: 'Keiner (oberste Ebene)',
  newName: 'Name eines neuen Bereichs',
  create: 'Erstellen',
  edit: 'Bearbeiten',
  editOne: (name: string) => `${name} bearbeiten`,
  up: (name: string) => `${name} nach oben`,
  save: 'Speichern',
  cancel: 'Abbrechen',
  remove: 'Löschen',
  removeOne: (name: string) => `${name} löschen`,
  removeLead:
    'Seine Geräte haben dann keinen Bereich. Personen, die nur diesen Bereich sehen dürfen, sehen keine Geräte mehr.',
  suggested: 'Von Geräten vorgeschlagen',
  suggestedLead:
    'Geräte melden diese Bereiche. Sie werden angezeigt, wirken sich aber erst auf Berechtigungen aus, wenn Sie sie übernehmen.',
  accept: 'Übernehmen',
  acceptOne: (name: string) => `${name} übernehmen`,
};
