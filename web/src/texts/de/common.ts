// Texts shared by several pages: states, times, forms and errors.

import type { Texts } from '..';

export const brand = 'Watchkeeper';

export const confirm = {
  cancel: 'Abbrechen',
  remove: 'Löschen',
};

export const errors = {
  wholeHub:
    'Diese Seite ist für Personen, die den ganzen Hub sehen. Ihr Konto ist auf Bereiche oder Labels beschränkt.',
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

export const severity = {
  ok: 'OK',
  info: 'Info',
  warning: 'Warnung',
  critical: 'Kritisch',
};

export const standing = {
  critical: 'Kritisch',
  warning: 'Warnung',
  info: 'Info',
  ok: 'OK',
  stale: 'Überfällig',
  offline: 'Offline',
};

export const states: Texts['states'] = {
  onOff: ['Ein', 'Aus'],
  byClass: {
    battery: ['Schwach', 'Normal'],
    battery_charging: ['Lädt', 'Lädt nicht'],
    carbon_monoxide: ['Erkannt', 'Normal'],
    cold: ['Kalt', 'Normal'],
    connectivity: ['Verbunden', 'Getrennt'],
    contact: ['Geschlossen', 'Offen'],
    door: ['Offen', 'Geschlossen'],
    garage_door: ['Offen', 'Geschlossen'],
    gas: ['Erkannt', 'Normal'],
    heat: ['Heiß', 'Normal'],
    light: ['Hell', 'Dunkel'],
    lock: ['Entriegelt', 'Verriegelt'],
    locked: ['Verriegelt', 'Entriegelt'],
    moisture: ['Nass', 'Trocken'],
    motion: ['Erkannt', 'Ruhig'],
    moving: ['In Bewegung', 'Steht still'],
    occupancy: ['Belegt', 'Frei'],
    ok: ['OK', 'Problem'],
    opening: ['Offen', 'Geschlossen'],
    plug: ['Eingesteckt', 'Ausgesteckt'],
    power: ['Strom vorhanden', 'Kein Strom'],
    presence: ['Zu Hause', 'Abwesend'],
    problem: ['Problem', 'OK'],
    running: ['Läuft', 'Läuft nicht'],
    safety: ['Unsicher', 'Sicher'],
    smoke: ['Rauch erkannt', 'Kein Rauch'],
    sound: ['Erkannt', 'Ruhig'],
    tamper: ['Manipulation', 'Normal'],
    update: ['Update verfügbar', 'Aktuell'],
    vibration: ['Erkannt', 'Ruhig'],
    window: ['Offen', 'Geschlossen'],
  },
  texts: {
    home: 'Zu Hause',
    not_home: 'Abwesend',
    lock: 'Verriegelt',
    unlock: 'Entriegelt',
    opened: 'Offen',
    close: 'Geschlossen',
    locked: 'Verriegelt',
    unlocked: 'Entriegelt',
    locking: 'Wird verriegelt',
    unlocking: 'Wird entriegelt',
    jammed: 'Klemmt',
    open: 'Offen',
    opening: 'Öffnet',
    closed: 'Geschlossen',
    closing: 'Schließt',
    stopped: 'Angehalten',
    on: 'Ein',
    off: 'Aus',
  },
};

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
