// Texts of signing in, one's own account, and people.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const of = (used: number, limit: number | null): string =>
  limit === null ? integer(used) : `${integer(used)} von ${integer(limit)}`;

export const login = {
  title: 'Anmelden',
  name: 'Name',
  password: 'Passwort',
  enter: 'Anmelden',
  forgot:
    'Passwort vergessen? Ein Administrator kann Ihnen einen Link schicken, mit dem Sie ein neues festlegen.',
  useToken: 'Zugriffstoken verwenden',
  usePassword: 'Name und Passwort verwenden',
  token: 'Zugriffstoken',
  tokenLead:
    'Das Zugriffstoken ist der Wert von HUB_TOKEN. Ist keiner gesetzt, zeigt `hub token` auf dem Rechner des Hubs das Token an.',
  openid: (name: string) => `Mit ${name} anmelden`,
  connect: (name: string) => `Mit ${name} verbinden`,
  connected: (name: string) => `Mit ${name} verbunden: Sie können sich damit anmelden.`,
  problems: {
    denied: 'Die Anmeldung wurde abgebrochen.',
    disabled: 'Ihr Konto wurde deaktiviert. Wenden Sie sich an einen Administrator.',
    domain: 'Ihre E-Mail-Adresse ist hier nicht zugelassen, oder der Anbieter hat sie nicht bestätigt.',
    expired:
      'Die Anmeldung hat zu lange gedauert oder wurde in einem anderen Browser begonnen. Versuchen Sie es erneut.',
    failed:
      'Die Anmeldung ist fehlgeschlagen. Versuchen Sie es erneut, oder melden Sie sich auf andere Weise an.',
    group: 'Keine Ihrer Gruppen darf sich hier anmelden. Wenden Sie sich an einen Administrator.',
    no_account: 'Sie haben hier kein Konto. Bitten Sie einen Administrator um eine Einladung.',
    full: 'Dieser Hub hat die größte mögliche Zahl von Konten. Bitten Sie einen Administrator, eines zu entfernen.',
    provider:
      'Der Anmeldedienst war nicht erreichbar, oder seine Antwort war ungültig. Melden Sie sich auf andere Weise an.',
    taken: 'Diese Anmeldung ist bereits mit einem anderen Konto verbunden.',
    throttled: 'Zu viele fehlgeschlagene Anmeldungen. Warten Sie eine Minute, und versuchen Sie es erneut.',
  },
  noAccounts:
    'Dieser Hub hat noch keine Konten. Führen Sie auf dem Rechner des Hubs `hub link` aus, um das erste zu erstellen.',
};

export const welcome = {
  create: 'Konto erstellen',
  reset: (name: string) => `Neues Passwort für ${name} festlegen`,
  role: (role: string) => `Ihre Rolle: ${role}.`,
  name: 'Name',
  nameHint: 'Damit melden Sie sich an. Andere sehen ihn neben Ihren Änderungen.',
  password: 'Neues Passwort',
  passwordHint: 'Mindestens 8 Zeichen; verbreitete Passwörter werden abgelehnt.',
  enter: 'Konto erstellen',
  save: 'Speichern und anmelden',
  invalid:
    'Dieser Link wurde bereits verwendet, ist abgelaufen oder unvollständig. Fordern Sie einen neuen an.',
  toLogin: 'Zur Anmeldung',
};

export const account = {
  title: 'Ihr Konto',
  signedInAs: (name: string, role: string) => `Angemeldet als ${name} (${role}).`,
  withToken: 'Mit dem Zugriffstoken angemeldet, ohne Konto.',
  signOut: 'Abmelden',
  aiUsage: (calls: number, callsLimit: number | null, tokens: number, tokensLimit: number | null) =>
    `Sprachmodelle heute: ${of(calls, callsLimit)} Aufrufe, ${of(tokens, tokensLimit)} Token.`,
  aiCost: (used: string, limit: string | null) =>
    limit === null ? `Kosten: ${used}.` : `Kosten: ${used} von ${limit}.`,
  aiSpent: (at: string) =>
    `Sie haben Ihr tägliches KI-Kontingent erreicht. Bis ${at} antwortet der eingebaute Analyst.`,
  noCloud: 'Ihre Rolle darf nur Modelle im lokalen Netzwerk verwenden.',
  changePassword: 'Passwort ändern',
  current: 'Aktuelles Passwort',
  next: 'Neues Passwort',
  save: 'Speichern',
  cancel: 'Abbrechen',
  passwordChanged: 'Passwort geändert. Alle anderen Browser wurden abgemeldet.',
  sessions: 'Angemeldete Browser',
  thisOne: 'dieser Browser',
  unknownAgent: 'Unbekannter Browser',
  end: 'Abmelden',
  endOne: (agent: string) => `${agent} abmelden`,
  tokens: 'API-Token',
  tokensLead:
    'Für Skripte und andere Programme. Ein Token darf, was seine Rolle erlaubt, aber nie mehr als Sie.',
  newToken: 'Neues Token',
  tokenName: 'Name des Tokens',
  tokenRole: 'Rolle des Tokens',
  days: 'Gültig (Tage)',
  create: 'Erstellen',
  once: 'Kopieren Sie das Token jetzt; es wird nur einmal angezeigt.',
  expires: (date: string) => `läuft am ${date} ab`,
  revoke: 'Widerrufen',
  revokeOne: (name: string) => `Token ${name} widerrufen`,
  revoked: (name: string) => `Token ${name} widerrufen`,
};

export const passkeys = {
  title: 'Passkeys',
  lead: 'Melden Sie sich ohne Passwort an: mit Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel.',
  add: 'Passkey hinzufügen',
  name: 'Name des Passkeys',
  example: 'Handy, Laptop, Sicherheitsschlüssel …',
  create: 'Weiter',
  added: (name: string) => `Passkey ${name} hinzugefügt`,
  used: (date: string) => `zuletzt verwendet am ${date}`,
  neverUsed: 'noch nicht verwendet',
  remove: 'Entfernen',
  removeOne: (name: string) => `Passkey ${name} entfernen`,
  removed: (name: string) => `Passkey ${name} entfernt. Löschen Sie ihn auch auf dem Gerät.`,
  signIn: 'Mit einem Passkey anmelden',
  cancelled:
    'Es wurde kein Passkey verwendet: abgebrochen, Zeit abgelaufen, oder dieses Gerät hat keinen für diesen Hub.',
  known: 'Dieses Gerät hat bereits einen Passkey für dieses Konto.',
  needsHttps:
    'Passkeys benötigen HTTPS. Diese Seite wurde über HTTP geöffnet, daher sind sie nicht verfügbar.',
  needsName:
    'Passkeys benötigen einen Hostnamen. Diese Seite wurde über eine IP-Adresse geöffnet, daher sind sie nicht verfügbar.',
  openLocalhost: (port: string) =>
    `Passkeys benötigen einen Hostnamen. Öffnen Sie dafür http://localhost${port ? `:${port}` : ''} statt dieser Adresse.`,
  notOffered: 'Dieser Browser unterstützt keine Passkeys oder ist zu alt.',
};

export const profile = {
  title: 'Sprache und Einheiten',
  language: 'Sprache',
  languages: { en: 'English', de: 'Deutsch', es: 'Español' },
  languageHint: 'Sprache der Seiten und des Assistenten. Ohne Angabe gilt die Sprache des Browsers.',
  units: 'Einheiten',
  systems: { metric: 'Metrisch', imperial: 'Angloamerikanisch' },
  unitsHint:
    'Werte werden für die Anzeige umgerechnet. Ohne Angabe gelten die Einheiten der Geräte. Auch Nachrichten an Sie verwenden sie. Regeln und Befehle behalten immer die Einheiten der Geräte.',
  timeZone: 'Zeitzone',
  timeZoneHint: 'Für Uhrzeiten im Dashboard. Auch Programme, die die API nutzen, erhalten sie.',
  automatic: 'Keine Angabe',
  saved: 'Gespeichert.',
};

export const people = {
  title: 'Personen',
  open: 'Wer diesen Hub erreicht, hat vollen Zugriff. Sobald das erste Konto erstellt ist, ist eine Anmeldung nötig.',
  first: 'Erstes Konto erstellen',
  invite: 'Einladen',
  aiCalls: (n: number) => `heute ${integer(n)} ${plural(n, { one: 'KI-Aufruf', other: 'KI-Aufrufe' })}`,
  inviteAs: 'Einladen als',
  inviteEmail: 'E-Mail-Adresse der eingeladenen Person (optional)',
  emailHint: (name: string) => `E-Mail, für ${name}`,
  role: (name: string) => `Rolle von ${name}`,
  roles: {
    viewer: 'Betrachter',
    operator: 'Bediener',
    administrator: 'Administrator',
  },
  roleHints: {
    viewer: 'Betrachter sehen Geräte, Verlauf und Alarme und stellen Fragen.',
    operator: 'Bediener quittieren außerdem Alarme, senden Befehle und analysieren Dateien.',
    administrator:
      'Administratoren ändern außerdem Regeln, Geräte, Zuordnungen, Modelle, Personen und Einstellungen.',
  },
  limits: {
    edit: 'Beschränken',
    editOf: (name: string) => `Beschränkungen von ${name}`,
    lead: 'Die Person sieht nur Geräte in diesen Bereichen (samt Unterbereichen) und mit diesen Labels. Wählen Sie weder Bereiche noch Labels, um Zugriff auf den ganzen Hub zu geben.',
    noAreas: 'Es gibt noch keine Bereiche.',
    labels: 'Labels, durch Kommas getrennt',
    whole: 'ganzer Hub',
    label: (name: string) => `Label ${name}`,
    deleted: 'gelöschter Bereich',
  },
  link: 'Schicken Sie diesen Link der Person. Er gilt einmal und läuft nach sieben Tagen ab.',
  passwordLink: (name: string) =>
    `Schicken Sie diesen Link an ${name}. Damit lässt sich einmal ein neues Passwort festlegen; er läuft nach sieben Tagen ab.`,
  newLink: 'Passwort-Link erstellen',
  disable: 'Deaktivieren',
  enable: 'Aktivieren',
  disabled: 'deaktiviert',
  remove: 'Entfernen',
  removeOne: (name: string) => `${name} entfernen?`,
  removeLead:
    'Die Person wird überall abgemeldet und kann sich nicht mehr anmelden. Was sie getan hat, bleibt in den Protokollen.',
  never: 'nie angemeldet',
  last: (ago: string) => `angemeldet ${ago}`,
  pending: (n: number) =>
    plural(n, { one: '1 ausstehende Einladung', other: `${n} ausstehende Einladungen` }),
  pendingOne: (role: string, by: string, date: string) =>
    `Einladung als ${role} von ${by}, gültig bis ${date}`,
  pendingEmail: (email: string) => `für ${email}`,
  pendingPassword: (by: string, date: string) => `Passwort-Link von ${by}, gültig bis ${date}`,
  withdraw: 'Widerrufen',
};
