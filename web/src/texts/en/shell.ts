// Texts of the shell: navigation, search, connection.

import { plural } from '../plural';

export const link = {
  live: 'Live',
  connecting: 'Connecting',
  lost: 'Reconnecting',
  latency: (ms: number) => `${ms} ms`,
  banner: 'Connection to the hub lost. Showing the last known values. Reconnecting…',
  first: 'Cannot reach the hub. Check that it is running. Retrying…',
  origin:
    'The hub refused this address. Open the address that the hub prints at start, or add this one to http.allowed_origins in hub.toml.',
  noBroker: (address: string) =>
    `The hub cannot reach the MQTT broker at ${address}. Showing the last known values. Retrying…`,
  brokerLost: (address: string, since: string) =>
    `The hub has had no connection to the MQTT broker at ${address} since ${since}. Showing the last known values. Retrying…`,
  broker: 'No broker',
  retry: 'Retry now',
};

export const nav = {
  main: 'Main',
  fleet: 'Fleet',
  home: 'Home',
  alerts: 'Alerts',
  dashboards: 'Dashboards',
  explore: 'Explore',
  assistant: 'Assistant',
  analyse: 'Analyse',
  rules: 'Rules',
  calculated: 'Calculated metrics',
  reactions: 'Reactions',
  silences: 'Silences',
  health: 'Device health',
  topics: 'Topics',
  activity: 'Activity',
  settings: 'Settings',
  more: 'More',
  skip: 'Skip to content',
  ask: 'Ask',
  where: 'Breadcrumb',
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
  builtin: 'built-in analyst',
  load: (cpu: string, memory: string) => `${cpu}\u00a0% CPU · ${memory}`,
};

export const shortcuts = {
  title: 'Keyboard shortcuts',
  close: 'Close',
  rows: [
    ['⌘K or Ctrl K', 'Search devices, alerts, pages'],
    ['/', 'Search in the fleet'],
    ['j, k', 'Next, previous row or alert'],
    ['Enter', 'Open the row'],
    ['x', 'Select the row'],
    ['e', 'Show or hide the alerts of the incident'],
    ['a', 'Acknowledge the alert'],
    ['g f', 'Fleet'],
    ['g h', 'Home'],
    ['g a', 'Alerts'],
    ['g c', 'Assistant'],
    ['t', 'Switch between dark and light'],
    ['?', 'Keyboard shortcuts'],
    ['Esc', 'Close, or clear the selection'],
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
