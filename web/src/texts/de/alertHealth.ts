// Texts of the page about the health of the alert system.

import { plural } from '../plural';

export const alertHealth = {
  title: 'Alarmqualität',
  lead: 'Was in den letzten sieben Tagen alarmiert hat, was davon unnötig war und was Sie ändern sollten.',
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
  noAdvice: 'Keine Regel hat unnötig alarmiert.',
  change: 'Regel ändern',
  drifts: 'Nähert sich einem Grenzwert',
  noDrifts: 'Kein Wert erreicht innerhalb von zwei Wochen einen Grenzwert.',
  drift: (value: string, limit: string, perDay: string, days: string): string =>
    `jetzt ${value}, ${perDay} pro Tag: erreicht ${limit} in ${days}`,
  days: (days: number): string =>
    days < 1
      ? 'weniger als einem Tag'
      : plural(Math.round(days), { one: 'etwa einem Tag', other: `etwa ${Math.round(days)} Tagen` }),
  isa: 'Vergleich mit ISA-18.2',
  isaLead: (count: string, hidden: number): string =>
    `${count} Alarme mit Benachrichtigung${hidden ? `; ${hidden} stummgeschaltete, unterdrückte oder verspätete zählen nicht` : ''}. Die Zielwerte gelten für eine Bedienperson.`,
  incomplete: 'Es gibt mehr als 20.000 Alarme; nur die neuesten zählen.',
  figure: 'Kennzahl',
  value: 'Wert',
  target: 'Höchstens',
  result: 'Ergebnis',
  met: 'eingehalten',
  missed: 'überschritten',
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
  nobody: 'keiner wurde quittiert',
  top: 'Häufigste',
  chattering: 'Flatternd: drei Alarme innerhalb einer Minute',
  fleeting: 'Flüchtig: innerhalb einer Minute beendet, nicht quittiert',
  nothing: 'Keine.',
  file: 'Als Datei herunterladen',
  fileLead:
    'Messwerte, Regeln, Ereignisse und Diagnose in einer Datei, die „hub replay“ auf jedem Hub abspielt.',
};
