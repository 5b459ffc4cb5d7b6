// Texts of diagnoses.

import { plural } from '../plural';

export const diagnosis = {
  title: 'Diagnose',
  of: (device: string, first: boolean) =>
    `Diagnose von ${device} (${first ? 'mit dem ersten Alarm dieser Störung' : 'in derselben Störung'}).`,
  ofEarlier: (time: string) =>
    `Diese Diagnose gehört zu einem früheren Alarm dieser Störung. Sie wurde am ${time} geschrieben, bevor dieser Alarm ausgelöst wurde.`,
  ofOther: (time: string) =>
    `Diese Diagnose gehört zu einem anderen Alarm dieser Störung. Sie wurde am ${time} geschrieben.`,
  ofEarlierBrief: (time: string) => `Zu einem früheren Alarm (${time}):`,
  asOf: (time: string) => `Beruht auf Messwerten bis ${time}.`,
  pending: 'Messwerte werden analysiert…',
  none: 'Keine Diagnose für diesen Alarm.',
  outcome: {
    named: 'Ursache bekannt',
    possible: 'Ursache unsicher',
    unknown: 'Ursache unbekannt',
    normal: 'Nichts Ungewöhnliches',
  },
  possibleLead: 'Diese bekannten Ursachen kommen infrage, aber keine ist sicher genug:',
  unknownLead: 'Keine bekannte Ursache passt zu den Messwerten. Bekannt ist:',
  manual: 'Aus dem Handbuch',
  page: (file: string, page: number) => `${file}, Seite ${page}`,
  builtin: 'eingebauter Analyst',
  builtinLong: 'Verfasst vom eingebauten Analysten: Regeln und Statistik, kein Sprachmodell.',
  model: (provider: string, model: string) =>
    `Verfasst von ${model} (${provider}). Der Hub hat die Aussagen mit den Messwerten verglichen.`,
  match: {
    strong: 'starke Übereinstimmung',
    medium: 'mittlere Übereinstimmung',
    weak: 'schwache Übereinstimmung',
  },
  evidence: 'Befunde',
  against: 'Gegenbefunde',
  kind: {
    observation: 'Was die Messwerte zeigen',
    inference: 'Einschätzung des Modells',
    advice: 'Rat des Modells',
  },
  byHub: 'vom Hub, aus den Messwerten',
  struck: (n: number) =>
    `${n} ${plural(n, { one: 'Aussage', other: 'Aussagen' })} entfernt: von den Messwerten widerlegt`,
  opinionOfAnalyst: 'Analyst',
  opinionOfModel: (model: string) => `Modell (${model})`,
  undecided: 'unentschieden',
  awaits: (provider: string, model: string) =>
    `${model} (${provider}) schreibt noch. Der Text ersetzt dann diesen.`,
  unsupported: 'nicht durch Befunde belegt',
  actions: 'Empfohlene Maßnahmen',
  confirm: 'So bestätigen Sie die Ursache',
  others: 'Auch möglich',
  possibly: (titles: string) => `Möglich: ${titles}.`,
  deciding: (check: string, several: boolean) =>
    `${several ? 'Zur Unterscheidung' : 'Zur Bestätigung'}: ${check}`,
  tell: (check: string) => `Zur Bestätigung: ${check}`,
  nature: {
    fault: 'Fehler',
    act: 'kein Fehler: durch eine Person oder ein Programm verursacht',
    process: 'kein Fehler: Bedingungen haben sich geändert',
    normal: 'normaler Betrieb',
  },
  takesOver: 'Stattdessen antwortet der eingebaute Analyst.',
  instead: (provider: string, model: string) =>
    `${model} (${provider}) lieferte keine brauchbare Antwort; stattdessen antwortete der nächste Anbieter.`,
  run: 'Jetzt diagnostizieren',
  runAlert: 'Diesen Alarm diagnostizieren',
  running: 'Diagnose läuft…',
  more: 'Vollständige Diagnose',
  goto: 'Im Diagramm zeigen',
  all: (n: number) => `Alle ${n} anzeigen`,
};
