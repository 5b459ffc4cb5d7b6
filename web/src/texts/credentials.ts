// Texts of device access.

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
  requirePasswords: 'Create a password and show how to require it',
  gateway: 'This is a gateway (Zigbee2MQTT or similar)',
  prefixes: 'Allowed topic prefixes',
  password: 'Password',
  once: 'The device may connect. Copy its password now; it is shown only once.',
  gatewayOnce: (name: string) =>
    `The gateway may connect as ${name}. Copy its password now; it is shown only once.`,
  setup: 'To require passwords, replace allow_anonymous true in mosquitto.conf with:',
  setupAfter: 'Then run systemctl reload mosquitto. The hub already connects with its own password.',
  notNotified: 'The broker could not be notified. Run systemctl reload mosquitto.',
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
  revoke: 'Revoke',
  revokeOne: (name: string) => `Revoke ${name}`,
  revokeLead:
    'The password stops working and the device is disconnected. Its data is kept; to delete it, open the device’s settings.',
  revoked: (name: string) => `${name} can no longer connect`,
  revokedOnReload: (name: string) =>
    `${name}’s password stops working once the broker reloads: systemctl reload mosquitto`,
};
