// Texts shared by several pages: states, times, forms and errors.

import type { Texts } from '..';
import hub from './hub.json';

export const brand = 'Watchkeeper';

export const confirm = {
  cancel: 'Abbrechen',
  remove: 'Löschen',
};

export const errors = {
  wholeHub:
    'Diese Seite braucht Zugriff auf den ganzen Hub. Ihr Konto ist auf bestimmte Bereiche oder Labels beschränkt. Wenden Sie sich an einen Administrator.',
  status: (code: number) =>
    `Der Hub hat den Fehler ${code} gemeldet. Versuchen Sie es erneut, oder sehen Sie im Log des Hubs nach.`,
  unreachable: 'Der Hub ist nicht erreichbar. Prüfen Sie, ob er läuft, und versuchen Sie es erneut.',
  page: 'Seite nicht gefunden.',
  home: 'Zu den Geräten',
  code: 'Diese Seite konnte nicht geladen werden: Der Hub ist nicht erreichbar oder wurde aktualisiert.',
  reload: 'Neu laden',
  again: 'Erneut versuchen',
};

export const form = {
  required: 'Geben Sie einen Wert ein.',
  allowed: (what: string) => `Zulässig: ${what}.`,
};

export const presence = {
  online: 'Online',
  stale: 'Überfällig',
  offline: 'Offline',
};

export const severity = hub.severity;

export const standing = {
  critical: 'Kritisch',
  warning: 'Warnung',
  info: 'Info',
  ok: 'OK',
  stale: 'Überfällig',
  offline: 'Offline',
};

export const states = hub.states as unknown as Texts['states'];

export const time = {
  now: 'jetzt',
  justNow: 'gerade eben',
  ago: (t: string) => `vor ${t}`,
  units: {
    s: 's',
    min: 'min',
    h: 'h',
    d: 'd',
  },
};

export const toast = {
  dismiss: 'Schließen',
  undo: 'Rückgängig',
  region: 'Meldungen',
  copied: 'Kopiert',
};
