// Texts of the shell: navigation, search, connection.

import { plural } from '../plural';

export const link = {
  live: 'Live',
  connecting: 'Verbindet',
  lost: 'Verbindet neu',
  latency: (ms: number) => `${ms} ms`,
  banner:
    'Verbindung zum Hub verloren. Es werden die letzten bekannten Werte angezeigt. Verbindung wird wiederhergestellt…',
  first: 'Der Hub ist nicht erreichbar. Prüfen Sie, ob er läuft. Neuer Versuch…',
  origin:
    'Der Hub hat diese Adresse abgelehnt. Öffnen Sie die Adresse, die der Hub beim Start ausgibt, oder ergänzen Sie diese unter http.allowed_origins in hub.toml.',
  noBroker: (address: string) =>
    `Der Hub erreicht den MQTT-Broker unter ${address} nicht. Es werden die letzten bekannten Werte angezeigt. Neuer Versuch…`,
  brokerLost: (address: string, since: string) =>
    `Der Hub hat keine Verbindung zum MQTT-Broker unter ${address} (seit ${since}). Es werden die letzten bekannten Werte angezeigt. Neuer Versuch…`,
  broker: 'Kein Broker',
  retry: 'Jetzt versuchen',
};

export const nav = {
  main: 'Hauptnavigation',
  fleet: 'Geräte',
  home: 'Zuhause',
  alerts: 'Alarme',
  dashboards: 'Dashboards',
  explore: 'Erkunden',
  assistant: 'Assistent',
  analyse: 'Analyse',
  rules: 'Regeln',
  calculated: 'Berechnungen',
  reactions: 'Reaktionen',
  silences: 'Stummschaltungen',
  health: 'Gerätezustand',
  topics: 'Topics',
  activity: 'Aktivität',
  settings: 'Einstellungen',
  more: 'Mehr',
  skip: 'Zum Inhalt springen',
  ask: 'Fragen',
  where: 'Navigationspfad',
};

export const palette = {
  open: 'Geräte, Alarme, Seiten suchen',
  title: 'Suche',
  placeholder: 'Zu einem Gerät, Alarm oder einer Seite…',
  empty: 'Keine Treffer.',
  devices: 'Geräte',
  alerts: 'Offene Alarme',
  pages: 'Seiten',
  actions: 'Aktionen',
  shortcuts: 'Tastenkürzel anzeigen',
  ask: 'Den Assistenten fragen',
  areas: 'Bereiche',
  attention: 'Geräte zeigen, die Aufmerksamkeit brauchen',
  silent: 'Überfällige und Offline-Geräte zeigen',
  acknowledge: (n: number) =>
    plural(n, { one: 'Den offenen Alarm quittieren', other: `Alle ${n} offenen Alarme quittieren` }),
};

export const rail = {
  ingest: 'Eingang',
  model: 'Modell',
  hub: 'Hub',
  builtin: 'eingebauter Analyst',
  load: (cpu: string, memory: string) => `${cpu}\u00a0% CPU · ${memory}`,
};

export const shortcuts = {
  title: 'Tastenkürzel',
  close: 'Schließen',
  rows: [
    ['⌘K oder Strg K', 'Geräte, Alarme, Seiten suchen'],
    ['/', 'In den Geräten suchen'],
    ['j, k', 'Nächste, vorherige Zeile oder nächster, vorheriger Alarm'],
    ['Eingabe', 'Zeile öffnen'],
    ['x', 'Zeile auswählen'],
    ['e', 'Alarme der Störung ein- oder ausblenden'],
    ['a', 'Alarm quittieren'],
    ['g f', 'Geräte'],
    ['g h', 'Zuhause'],
    ['g a', 'Alarme'],
    ['g c', 'Assistent'],
    ['t', 'Zwischen dunkel und hell wechseln'],
    ['?', 'Tastenkürzel'],
    ['Esc', 'Schließen oder Auswahl aufheben'],
  ],
};

export const theme = {
  toDark: 'Zu dunkel wechseln',
  toLight: 'Zu hell wechseln',
  label: 'Farbschema',
  system: 'System',
  light: 'Hell',
  dark: 'Dunkel',
};
