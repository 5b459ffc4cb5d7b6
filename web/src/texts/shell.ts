// Texts of what surrounds every page: navigation, search, connection, log-in.

import { plural } from './plural';

export const link = {
  live: 'Live',
  connecting: 'Connecting',
  lost: 'Reconnecting',
  latency: (ms: number) => `${ms} ms`,
  banner: 'Connection to the hub lost. Values below are the last known ones. Reconnecting…',
  first: 'The hub does not answer. Is it running? Retrying…',
  origin:
    'The hub refused this page: it was opened under an address the hub does not know. Open it under the address the hub prints at start.',
  retry: 'Try now',
};

export const login = {
  title: 'Log in',
  lead: 'This hub requires a token. It was set as HUB_TOKEN, or the hub created one: run `hub token` on its machine to see it.',
  token: 'Token',
  enter: 'Log in',
  wrong: 'Wrong token.',
};

export const nav = {
  main: 'Main',
  fleet: 'Fleet',
  alerts: 'Alerts',
  assistant: 'Assistant',
  analyse: 'Analyse',
  rules: 'Rules',
  topics: 'Topics',
  activity: 'Activity',
  settings: 'Settings',
  more: 'More',
  skip: 'Skip to the content',
  ask: 'Ask',
  where: 'Where you are',
};

export const palette = {
  open: 'Search devices, alerts, pages',
  title: 'Search',
  placeholder: 'Go to a device, an alert or a page…',
  empty: 'No results.',
  devices: 'Devices',
  alerts: 'Open alerts',
  pages: 'Pages',
  actions: 'Actions',
  shortcuts: 'Show keyboard shortcuts',
  ask: 'Ask the assistant',
  areas: 'Areas',
  attention: 'Show devices that need attention',
  silent: 'Show stale and offline devices',
  acknowledge: (n: number) =>
    plural(n, { one: 'Acknowledge the open alert', other: `Acknowledge all ${n} open alerts` }),
};

export const rail = {
  ingest: 'Ingest',
  model: 'Model',
  hub: 'Hub',
  rate: (n: string) => `${n} msg/s`,
  builtin: 'built-in analyst',
  load: (cpu: string, memory: string) => `${cpu}\u00a0% CPU · ${memory}`,
};

export const shortcuts = {
  title: 'Keyboard',
  close: 'Close',
  rows: [
    ['⌘K or Ctrl K', 'Search devices, alerts, pages'],
    ['/', 'Search in the fleet'],
    ['j, k', 'Next, previous row or alert'],
    ['Enter', 'Open the row'],
    ['x', 'Select the row'],
    ['a', 'Acknowledge the alert'],
    ['g f', 'Fleet'],
    ['g a', 'Alerts'],
    ['g c', 'Assistant'],
    ['t', 'Dark or light'],
    ['?', 'This sheet'],
    ['Esc', 'Close, or clear'],
  ],
};

export const theme = {
  toDark: 'Switch to dark',
  toLight: 'Switch to light',
  label: 'Theme',
  system: 'System',
  light: 'Light',
  dark: 'Dark',
};
