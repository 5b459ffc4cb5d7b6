// Texts of the page on the health of devices.

import { plural } from '../plural';

export const health = {
  title: 'Gerätezustand',
  lead: 'Batterien, Signale, überfällige und Offline-Geräte, Firmware. Zuerst steht, was Aufmerksamkeit braucht.',
  refresh: 'Aktualisieren',
  loading: 'Geräte werden geprüft…',
  checked: (n: number) => `${n} ${plural(n, { one: 'Gerät', other: 'Geräte' })} geprüft.`,
  batteries: 'Batterien',
  low: (n: number) => `${n} schwach`,
  noBatteries: 'Kein Gerät meldet den Ladestand einer Batterie.',
  signals: 'Signalstärke',
  weak: (n: number) => `${n} schwach`,
  noSignals: 'Kein Gerät meldet seine Signalstärke.',
  silent: 'Überfällige und Offline-Geräte',
  noSilent: 'Alle Geräte sind online.',
  seen: 'Zuletzt gesehen',
  never: 'nie',
  lost: 'Nicht mehr gesendete Messgrößen',
  lostLead: 'Diese Geräte sind online, haben diese Messgröße aber seit über einem Tag nicht gesendet.',
  noLost: 'Alle Geräte, die online sind, senden noch alle ihre Messgrößen.',
  firmware: 'Firmware',
  noFirmware: 'Kein Gerät meldet seine Firmware.',
  mixed: (n: number) => `${n} ${plural(n, { one: 'Version', other: 'Versionen' })}`,
  unknownModel: 'Unbekanntes Modell',
  on: (version: string, n: number) => `${version}: ${n}`,
  more: (n: number) => `${n} weitere werden nicht angezeigt.`,
};
