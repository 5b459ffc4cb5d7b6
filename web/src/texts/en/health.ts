// Texts of the page on the health of devices.

import { plural } from '../plural';

export const health = {
  title: 'Device health',
  lead: 'Batteries, signals, stale and offline devices, and firmware. What needs attention comes first.',
  refresh: 'Refresh',
  loading: 'Checking devices…',
  checked: (n: number) => `${n} ${plural(n, { one: 'device', other: 'devices' })} checked.`,
  batteries: 'Batteries',
  low: (n: number) => `${n} low`,
  noBatteries: 'No device reports the charge of a battery.',
  signals: 'Signal strength',
  weak: (n: number) => `${n} weak`,
  noSignals: 'No device reports its signal strength.',
  silent: 'Stale and offline devices',
  noSilent: 'All devices are online.',
  seen: 'Last seen',
  never: 'never',
  lost: 'Metrics no longer sent',
  lostLead: 'These devices are online, but have not sent this metric for over a day.',
  noLost: 'Every online device still sends all of its metrics.',
  firmware: 'Firmware',
  noFirmware: 'No device reports its firmware.',
  mixed: (n: number) => `${n} ${plural(n, { one: 'version', other: 'versions' })}`,
  unknownModel: 'Unknown model',
  on: (version: string, n: number) => `${version}: ${n}`,
  more: (n: number) => `${n} more are not shown.`,
};
