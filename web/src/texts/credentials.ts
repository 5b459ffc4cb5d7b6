// Texts of device access.

export const credentials = {
  title: 'Device access',
  add: 'Add a device',
  name: 'Name',
  nameHint: 'letters, digits and . _ : ~ -',
  cancel: 'Cancel',
  done: 'Done',
  letIn: 'Create password',
  show: 'Show how to connect',
  demo: 'The demo’s broker accepts every client: a device needs no password here.',
  openDoor: 'As far as the hub knows, this broker accepts every client.',
  guard: 'Create a password, and set the broker up to require one',
  gateway: 'This is a gateway (Zigbee2MQTT or similar)',
  prefixes: 'Topic prefixes it may use',
  password: 'Password',
  once: 'The device may connect. Copy its password now; it is shown only once.',
  gatewayOnce: (name: string) =>
    `The gateway may connect as ${name}. Copy its password now; it is shown only once.`,
  setup: 'To require passwords, put these lines into mosquitto.conf in place of allow_anonymous true:',
  setupAfter:
    'Then have Mosquitto read its files again: systemctl reload mosquitto. The hub uses a password of its own from now on.',
  untold: 'The broker could not be notified. Reload it: systemctl reload mosquitto.',
  paste: 'To try it, paste this into a shell:',
  qr: (name: string) => `QR code with the address and password of ${name}`,
  qrLead: 'Contains broker, user, password and topic, for a device with a camera or a phone that sets it up.',
  waiting: (name: string) => `Waiting for ${name}…`,
  here: (name: string) => `${name} is connected.`,
  openIt: 'Open device',
  nobody: 'No device has a password yet.',
  ownTopics: 'own topics only',
  has: (topics: string) => `${topics} and all below`,
  revoke: 'Revoke',
  revokeOne: (name: string) => `Revoke ${name}`,
  revokeLead:
    'Its password stops working and it is disconnected. Its data stays; delete the device on its page.',
  revoked: (name: string) => `${name} can no longer connect`,
  revokedUntold: (name: string) =>
    `${name}’s password stops working once the broker reloads: systemctl reload mosquitto`,
};
