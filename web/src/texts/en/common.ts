// Texts shared by several pages: states, times, forms and errors.

export const brand = 'Watchkeeper';

export const confirm = {
  cancel: 'Cancel',
  remove: 'Delete',
};

export const errors = {
  wholeHub:
    'This page needs access to the whole hub. Your account is limited to some areas or labels. Ask an administrator.',
  status: (code: number) => `The hub returned error ${code}. Try again, or check the hub’s log.`,
  unreachable: 'Cannot reach the hub. Check that it is running, then try again.',
  page: 'Page not found.',
  home: 'Go to fleet',
  code: 'This page could not be loaded: the hub is unreachable or was updated.',
  reload: 'Reload',
  again: 'Try again',
};

export const form = {
  required: 'Enter a value.',
  allowed: (what: string) => `Allowed: ${what}.`,
};

export const presence = {
  online: 'Online',
  stale: 'Stale',
  offline: 'Offline',
};

export const severity = {
  ok: 'OK',
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
};

export const standing = {
  critical: 'Critical',
  warning: 'Warning',
  info: 'Info',
  ok: 'OK',
  stale: 'Stale',
  offline: 'Offline',
};

export const states = {
  onOff: ['On', 'Off'] as const,
  byClass: {
    battery: ['Low', 'Normal'],
    battery_charging: ['Charging', 'Not charging'],
    carbon_monoxide: ['Detected', 'Clear'],
    cold: ['Cold', 'Normal'],
    connectivity: ['Connected', 'Disconnected'],
    contact: ['Closed', 'Open'],
    door: ['Open', 'Closed'],
    garage_door: ['Open', 'Closed'],
    gas: ['Detected', 'Clear'],
    heat: ['Hot', 'Normal'],
    light: ['Light', 'No light'],
    lock: ['Unlocked', 'Locked'],
    locked: ['Locked', 'Unlocked'],
    moisture: ['Wet', 'Dry'],
    motion: ['Detected', 'Clear'],
    moving: ['Moving', 'Not moving'],
    occupancy: ['Detected', 'Clear'],
    ok: ['OK', 'Problem'],
    opening: ['Open', 'Closed'],
    plug: ['Plugged in', 'Unplugged'],
    power: ['Powered', 'No power'],
    presence: ['Home', 'Away'],
    problem: ['Problem', 'OK'],
    running: ['Running', 'Not running'],
    safety: ['Unsafe', 'Safe'],
    smoke: ['Detected', 'Clear'],
    sound: ['Detected', 'Clear'],
    tamper: ['Tampering', 'Clear'],
    update: ['Update available', 'Up to date'],
    vibration: ['Detected', 'Clear'],
    window: ['Open', 'Closed'],
  } as Record<string, readonly [string, string]>,
  texts: {
    home: 'Home',
    not_home: 'Away',
    lock: 'Locked',
    unlock: 'Unlocked',
    opened: 'Open',
    close: 'Closed',
    locked: 'Locked',
    unlocked: 'Unlocked',
    locking: 'Locking',
    unlocking: 'Unlocking',
    jammed: 'Jammed',
    open: 'Open',
    opening: 'Opening',
    closed: 'Closed',
    closing: 'Closing',
    stopped: 'Stopped',
    on: 'On',
    off: 'Off',
  } as Record<string, string>,
};

export const time = {
  now: 'now',
  justNow: 'just now',
  ago: (t: string) => `${t} ago`,
  units: {
    s: 's',
    min: 'min',
    h: 'h',
    d: 'd',
  },
};

export const toast = {
  dismiss: 'Dismiss',
  undo: 'Undo',
  region: 'Messages',
  copied: 'Copied',
};
