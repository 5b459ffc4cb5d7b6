// Texts of the test of a rule on stored readings, and of suggested limits.

import { plural } from '../plural';

const times = (count: number): string => plural(count, { one: 'einmal', other: `${count}-mal` });
const devices = (count: number): string => plural(count, { one: '1 Gerät', other: `${count} Geräten` });

export const backtest = {
  title: 'Test mit gespeicherten Messwerten',
  period: 'Zeitraum',
  periods: { day: 'Letzter Tag', week: 'Letzte Woche' },
  series: 'Gerät und Messgröße',
  running: 'Test läuft…',
  waiting: 'Vervollständigen Sie die Regel, um sie zu testen.',
  fired: (count: number, onDevices: number, longest: string): string =>
    count === 0
      ? 'Hätte nicht ausgelöst.'
      : `Hätte ${times(count)} auf ${devices(onDevices)} ausgelöst, längstens ${longest}.`,
  before: (count: number): string =>
    count === 0
      ? 'Die gespeicherte Regel hätte nicht ausgelöst.'
      : `Die gespeicherte Regel hätte ${times(count)} ausgelöst.`,
  added: (count: number): string => `Nur mit den Änderungen: ${count}.`,
  gone: (count: number): string => `Nur mit der gespeicherten Regel: ${count}.`,
  basis: (readings: string, tested: string, of: string): string =>
    `Getestet mit ${readings} Messwerten von ${tested} der ${of} Geräte.`,
  since: (from: string): string => `Messwerte seit ${from}.`,
  leftOut: {
    no_readings: (names: string): string => `Keine Messwerte: ${names}.`,
    too_many_readings: (names: string): string =>
      `Zu viele Messwerte, wählen Sie einen kürzeren Zeitraum: ${names}.`,
    too_many_devices: (names: string): string =>
      `Nicht getestet, weil höchstens 100 Geräte getestet werden: ${names}.`,
  },
  more: (count: number): string => `und ${count} weitere`,
  firings: 'Neueste Auslösungen',
  stillOpen: 'am Ende noch offen',
  whole: 'Ganzer Zeitraum',
  suggest: 'Grenzwerte vorschlagen',
  suggesting: 'Verlauf wird gelesen…',
  suggestedFrom: (own: number, peers: number): string =>
    peers === 0
      ? `Grundlage: letzte Woche von ${devices(own)}:`
      : `Grundlage: letzte Woche von ${devices(own)} und ${peers} weiteren des gleichen Modells:`,
  compareSensitivities: 'Empfindlichkeiten an der letzten Woche vergleichen',
  sensitivity: { high: 'Empfindlich', medium: 'Ausgewogen', low: 'Zurückhaltend' },
  use: (limit: string, clear: string, fired: string): string => `${limit}, endet bei ${clear}: ${fired}`,
  wouldFire: (count: number): string =>
    count === 0 ? 'hätte nicht ausgelöst' : `hätte ${times(count)} ausgelöst`,
  words: {
    label: 'Regel in Worten beschreiben',
    example: 'Melde mir, wenn ein Gefrierschrank nachts zehn Minuten lang über -15 °C bleibt',
    draft: 'Entwerfen',
    drafting: 'Wird gelesen…',
    by: (model: string | null): string =>
      `Entwurf ${model === null ? 'nach Ihrer Beschreibung' : `von ${model}`}. Prüfen Sie ihn unten; er ist noch nicht gespeichert.`,
    unknown: (words: string): string => `Nicht verstanden: ${words}.`,
    open: 'Regel im Formular öffnen',
    proposal: 'Regelentwurf nach Ihrer Beschreibung',
  },
};
