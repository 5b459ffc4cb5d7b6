// Texts of the model settings.

import { plural } from '../plural';

export const models = {
  title: 'Modelle',
  add: 'Server hinzufügen',
  edit: 'Bearbeiten',
  editOne: (name: string) => `${name} bearbeiten`,
  home: {
    openai: 'api.openai.com',
    ollama: '127.0.0.1',
  },
  keyed: 'Schlüssel gespeichert',
  keyless: 'kein Schlüssel',
  unused: 'heute nicht verwendet',
  none: 'keines',
  fault: (why: string) => `Nicht verwendet: ${why}`,
  calls: (n: number, text: string) => `${text} ${plural(n, { one: 'Aufruf', other: 'Aufrufe' })}`,
  tokens: (n: number, text: string) => `${text} ${plural(n, { one: 'Token', other: 'Token' })}`,
  money: (n: string) => `Kosten ${n}`,
  rolesLead:
    'Server für jede Aufgabe in der Reihenfolge, in der sie versucht werden, durch Kommas getrennt; leer = automatisch. Der eingebaute Analyst kommt immer zuletzt.',
  role: {
    chat: 'Fragen',
    diagnosis: 'Diagnosen',
    vision: 'Bilder',
    transcription: 'Sprache',
  },
  limitsLead: (spent: string) =>
    `Tageslimits (UTC) für alle Server zusammen; leer = unbegrenzt. Heute verbraucht: ${spent}.`,
  limit: {
    calls: 'Aufrufe',
    tokens: 'Token',
    money: 'Kosten',
  },
  personLead: 'Tageslimits für jede Person mit Konto; leer = unbegrenzt.',
  personCalls: 'Aufrufe pro Person',
  personTokens: 'Token pro Person',
  cloud: 'Rollen, die Modelle außerhalb des lokalen Netzwerks verwenden dürfen',
  saveRoles: 'Reihenfolge und Limits speichern',
  saved: 'Gespeichert und aktiv',
  name: 'Name',
  nameHint: 'Kleinbuchstaben, Ziffern, - und _',
  kind: 'Protokoll',
  kinds: {
    openai: 'OpenAI-kompatibel',
    ollama: 'Ollama',
  },
  model: 'Modell',
  address: 'Adresse',
  key: 'Schlüssel',
  keyKept: 'gespeichert; leer lassen, um ihn zu behalten',
  keyNone: 'keiner',
  api: 'API',
  apis: {
    chat: 'Chat Completions',
    responses: 'Responses',
  },
  vision: 'Modell für Bilder',
  speech: 'Modell für Sprache',
  priceIn: 'Preis pro Million Eingabe-Token',
  priceOut: 'Preis pro Million Ausgabe-Token',
  test: 'Testen',
  testing: 'Test läuft…',
  answers: 'Test erfolgreich: Das Modell hat geantwortet.',
  save: 'Speichern',
  cancel: 'Abbrechen',
  reset: 'Auf hub.toml zurücksetzen',
  resetOne: (name: string) => `${name} zurücksetzen`,
  resetLead:
    'Löscht die hier vorgenommenen Einstellungen und den gespeicherten Schlüssel. Ein Server, der nicht in hub.toml steht, wird entfernt.',
  resetDone: 'Auf hub.toml zurückgesetzt',
};
