// Texts of device access.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const devices = (n: number): string => `${integer(n)} ${plural(n, { one: 'Gerät', other: 'Geräte' })}`;

export const credentials = {
  title: 'Gerätezugang',
  add: 'Gerät hinzufügen',
  name: 'Name',
  nameHint: 'Buchstaben, Ziffern und . _ : ~ -',
  cancel: 'Abbrechen',
  done: 'Fertig',
  create: 'Passwort erstellen',
  show: 'Verbindung anzeigen',
  demo: 'Der Demo-Broker akzeptiert jeden Client. Geräte brauchen kein Passwort.',
  noPassword: 'Soweit der Hub erkennen kann, akzeptiert dieser Broker Clients ohne Passwort.',
  requirePasswords: 'Passwort erstellen und zeigen, wie es zur Pflicht wird',
  gateway: 'Dies ist ein Gateway (Zigbee2MQTT oder ähnlich)',
  prefixes: 'Zulässige Topic-Präfixe',
  password: 'Passwort',
  once: 'Passwort erstellt. Kopieren Sie es jetzt; es wird nur einmal angezeigt.',
  gatewayOnce: (name: string) =>
    `Passwort für das Gateway ${name} erstellt. Kopieren Sie es jetzt; es wird nur einmal angezeigt.`,
  setup: 'Um Passwörter zur Pflicht zu machen, ersetzen Sie allow_anonymous true in mosquitto.conf durch:',
  setupAfter:
    'Führen Sie dann systemctl reload mosquitto aus. Der Hub verbindet sich bereits mit eigenem Passwort.',
  notNotified:
    'Der Broker wurde nicht benachrichtigt. Führen Sie systemctl reload mosquitto aus, um die Änderung anzuwenden.',
  paste: 'Zum Testen der Verbindung:',
  qr: (name: string) => `QR-Code mit Adresse und Passwort von ${name}`,
  qrLead:
    'Enthält Adresse des Brokers, Benutzer, Passwort und Topic. Scannen Sie ihn mit dem Gerät oder mit dem Handy, das es einrichtet.',
  waiting: (name: string) => `Warten auf ${name}…`,
  connected: (name: string) => `${name} ist verbunden.`,
  openDevice: 'Gerät öffnen',
  none: 'Noch keine Gerätepasswörter.',
  ownTopics: 'nur eigene Topics',
  subtopics: (topics: string) => `${topics} und darunter`,
  certificates: 'Gerätezertifikate',
  certificatesLead:
    'Statt eines Passworts kann ein Gerät ein Zertifikat der Zertifizierungsstelle des Hubs verwenden. Der Broker braucht einen Listener mit TLS.',
  downloadCa: 'Zertifikat der Zertifizierungsstelle herunterladen',
  newCertificate: 'Neues Zertifikat',
  createCertificate: 'Zertifikat erstellen',
  gatewayPrefixes: 'Topic-Präfixe, nur für ein Gateway',
  days: 'Gültig (Tage)',
  certificateOnce: (name: string) =>
    `Zertifikat für ${name} erstellt. Laden Sie es und seinen Schlüssel jetzt herunter; der Hub behält den Schlüssel nicht.`,
  certificateSetup: 'Um Zertifikate zu akzeptieren, ergänzen Sie in mosquitto.conf:',
  until: (date: string) => `gültig bis ${date}`,
  renew: 'Erneuern',
  renewOne: (name: string) => `Zertifikat von ${name} erneuern`,
  keys: 'Registrierungsschlüssel',
  keysLead:
    'Mit einem Schlüssel holen sich Geräte ihre Passwörter selbst vom Hub, ohne Administrator für jedes einzelne.',
  newKey: 'Neuer Schlüssel',
  createKey: 'Schlüssel erstellen',
  keyDevices: 'Anzahl der Geräte',
  keyPrefix: 'Gerätenamen beginnen mit (optional)',
  keyOnce: 'Schlüssel erstellt. Kopieren Sie ihn jetzt; er wird nur einmal angezeigt.',
  keyOf: (left: number, prefix: string) => `für ${devices(left)} mit Namen ${prefix}…`,
  keyAny: (left: number) => `für ${devices(left)} mit beliebigem Namen`,
  keyBy: (name: string) => `erstellt von ${name}`,
  keyRevoked:
    'Registrierungsschlüssel widerrufen. Geräte, die ihn verwendet haben, behalten ihre Passwörter.',
  revokeKey: (id: string) => `Registrierungsschlüssel ${id} widerrufen`,
  revoke: 'Widerrufen',
  revokeOne: (name: string) => `${name} widerrufen`,
  revokeLead:
    'Das Passwort gilt nicht mehr, und das Gerät wird getrennt. Seine Daten bleiben erhalten; löschen können Sie sie in den Einstellungen des Geräts.',
  revokeCertificateLead:
    'Alle seine Zertifikate gelten nicht mehr, sobald der Broker neu lädt. Die Daten des Geräts bleiben erhalten.',
  revoked: (name: string) => `${name} kann sich nicht mehr verbinden`,
  revokedOnReload: (name: string) =>
    `Das Passwort von ${name} gilt, bis der Broker neu lädt. Führen Sie systemctl reload mosquitto aus.`,
};
