// Texts of the page about the health of the alert system.

import { plural } from '../plural';

export const alertHealth = {
  title: 'Alarmqualität',
  lead: 'Zeigt die Alarme der letzten sieben Tage, welche davon unnötig waren und welche Regeln Sie ändern sollten.',
  week: 'Diese Woche',
  count: (count: number, before: number): string => {
    const alerts = plural(count, { one: '1 Alarm', other: `${count} Alarme` });
    if (count === before) return `${alerts}, so viele wie in der Vorwoche.`;
    const more = count > before ? `${count - before} mehr` : `${before - count} weniger`;
    return `${alerts}, ${more} als in der Vorwoche.`;
  },
  none: 'Keine Alarme.',
  rule: 'Regel',
  alerts: 'Alarme',
  devices: 'Geräte',
  open: 'Gesamtdauer',
  acknowledged: 'Quittiert',
  advice: 'Zu ändernde Regeln',
  noAdvice: 'Keine Regel hat unnötige Alarme ausgelöst.',
  change: 'Regel ändern',
  drifts: 'Nähert sich einem Grenzwert',
  noDrifts: 'Nach dem jetzigen Trend erreicht keine Messgröße innerhalb von zwei Wochen einen Grenzwert.',
  drift: (value: string, limit: string, perDay: string, days: string): string =>
    `jetzt ${value}, ${perDay} pro Tag: erreicht ${limit} in ${days}`,
  days: (days: number): string =>
    days < 1
      ? 'weniger als einem Tag'
      : plural(Math.round(days), { one: 'etwa einem Tag', other: `etwa ${Math.round(days)} Tagen` }),
  isa: 'Vergleich mit ISA-18.2',
  isaLead: (count: string, hidden: number): string =>
    `Grundlage: ${count} Alarme${hidden ? `, ohne ${hidden} stummgeschaltete, unterdrückte oder verspätete` : ''}. Die Zielwerte gelten für einen Bediener.`,
  incomplete: 'Es gibt mehr als 20.000 Alarme. Nur die neuesten 20.000 werden gezählt.',
  figure: 'Kennzahl',
  value: 'Wert',
  target: 'Ziel (höchstens)',
  result: 'Ergebnis',
  met: 'eingehalten',
  missed: 'überschritten',
  fewSources: 'nicht bewertet: höchstens 20 Quellen',
  figures: {
    per_hour: 'Alarme pro Stunde',
    most_in_10_minutes: 'Meiste Alarme in 10 Minuten',
    hours_over_30: 'Stunden mit mehr als 30 Alarmen',
    in_flood: 'Zeit in einer Alarmflut',
    from_top: 'Alarme der zehn häufigsten Quellen',
    stale: 'Länger als einen Tag offen',
  },
  toAcknowledge: 'Zeit bis zur Quittierung',
  waits: (median: string, slow: string): string =>
    `die Hälfte innerhalb von ${median}, neun von zehn innerhalb von ${slow}`,
  nobody: 'kein Alarm wurde quittiert',
  top: 'Häufigste',
  chattering: 'In schneller Folge: drei Alarme innerhalb einer Minute',
  fleeting: 'Kurzzeitig: innerhalb einer Minute beendet, nicht quittiert',
  nothing: 'Keine.',
  file: 'Als Datei herunterladen',
  fileLead:
    'Messwerte, Regeln, Ereignisse und Diagnose in einer Datei, die „hub replay“ auf jedem Hub abspielt.',
};
