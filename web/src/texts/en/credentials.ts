// Texts of device access.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const devices = (n: number): string => `${integer(n)} ${plural(n, { one: 'device', other: 'devices' })}`;

export const credentials = {
  title: 'Device access',
  add: 'Add a device',
  name: 'Name',
  nameHint: 'letters, digits and . _ : ~ -',
  cancel: 'Cancel',
  done: 'Done',
  create: 'Create password',
  show: 'Show how to connect',
  demo: 'The demo broker accepts every client. Devices need no password.',
  noPassword: 'This broker accepts clients without a password, as far as the hub can tell.',
  requirePasswords: 'Create a password and show how to require passwords',
  gateway: 'This is a gateway (Zigbee2MQTT or similar)',
  prefixes: 'Allowed topic prefixes',
  password: 'Password',
  once: 'Password created. Copy it now; it is shown only once.',
  gatewayOnce: (name: string) => `Password created for gateway ${name}. Copy it now; it is shown only once.`,
  setup: 'To require passwords, replace allow_anonymous true in mosquitto.conf with:',
  setupAfter: 'Then run systemctl reload mosquitto. The hub already connects with its own password.',
  notNotified: 'The broker was not notified. To apply the change, run systemctl reload mosquitto.',
  paste: 'To test the connection, run:',
  qr: (name: string) => `QR code with the address and password of ${name}`,
  qrLead:
    'Contains the broker address, user, password and topic. Scan it with the device, or with the phone that sets it up.',
  waiting: (name: string) => `Waiting for ${name}…`,
  connected: (name: string) => `${name} is connected.`,
  openDevice: 'Open device',
  none: 'No device passwords yet.',
  ownTopics: 'own topics only',
  subtopics: (topics: string) => `${topics} and subtopics`,
  certificates: 'Device certificates',
  certificatesLead:
    'A device can use a certificate from the hub’s own certificate authority (CA) instead of a password. The broker needs a TLS listener.',
  downloadCa: 'Download the CA certificate',
  newCertificate: 'New certificate',
  createCertificate: 'Create certificate',
  gatewayPrefixes: 'Topic prefixes, for a gateway only',
  days: 'Valid for (days)',
  certificateOnce: (name: string) =>
    `Certificate created for ${name}. Download it and its key now; the hub does not keep the key.`,
  certificateSetup: 'To accept certificates, add to mosquitto.conf:',
  until: (date: string) => `valid until ${date}`,
  renew: 'Renew',
  renewOne: (name: string) => `Renew the certificate of ${name}`,
  keys: 'Enrolment keys',
  keysLead:
    'With a key, devices fetch their own passwords from the hub, without an administrator for each of them.',
  newKey: 'New key',
  createKey: 'Create key',
  keyDevices: 'Number of devices',
  keyPrefix: 'Device names begin with (optional)',
  keyOnce: 'Key created. Copy it now; it is shown only once.',
  keyOf: (left: number, prefix: string) => `for ${devices(left)} named ${prefix}…`,
  keyAny: (left: number) => `for ${devices(left)} with any name`,
  keyBy: (name: string) => `created by ${name}`,
  keyRevoked: 'Enrolment key revoked. Devices that used it keep their passwords.',
  revokeKey: (id: string) => `Revoke the enrolment key ${id}`,
  revoke: 'Revoke',
  revokeOne: (name: string) => `Revoke ${name}`,
  revokeLead:
    'The password stops working and the device is disconnected. Its data is kept; to delete it, open the device’s settings.',
  revokeCertificateLead:
    'All its certificates stop working once the broker reloads. The data of the device is kept.',
  revoked: (name: string) => `${name} can no longer connect`,
  revokedOnReload: (name: string) =>
    `The password of ${name} works until the broker reloads. Run systemctl reload mosquitto.`,
};
