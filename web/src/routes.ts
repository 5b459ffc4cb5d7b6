// Routes: which page an address shows. A page is loaded when it is first needed, which keeps the start fast; the others are
// loaded soon after, so that they are available when the hub is not.

import type { Component } from 'svelte';

type Props = Record<string, string>;
type Loader = () => Promise<{ default: unknown }>;

export interface Shown {
  name: keyof typeof LOADERS;
  props: Props;
  /** A different key creates the page again. */
  key: string;
}

const LOADERS = {
  fleet: () => import('./fleet/FleetPage.svelte'),
  home: () => import('./home/HomePage.svelte'),
  device: () => import('./device/DevicePage.svelte'),
  dashboards: () => import('./dashboards/DashboardsPage.svelte'),
  dashboard: () => import('./dashboards/DashboardPage.svelte'),
  explore: () => import('./explore/ExplorePage.svelte'),
  alerts: () => import('./alerts/AlertsPage.svelte'),
  incident: () => import('./incidents/IncidentPage.svelte'),
  alertHealth: () => import('./alertHealth/AlertHealthPage.svelte'),
  assistant: () => import('./assistant/AssistantPage.svelte'),
  analyse: () => import('./pages/AnalysePage.svelte'),
  silences: () => import('./silences/SilencesPage.svelte'),
  health: () => import('./health/HealthPage.svelte'),
  rules: () => import('./rules/RulesPage.svelte'),
  calculated: () => import('./calculated/CalculatedPage.svelte'),
  reactions: () => import('./reactions/ReactionsPage.svelte'),
  topics: () => import('./topics/TopicsPage.svelte'),
  activity: () => import('./pages/ActivityPage.svelte'),
  notifications: () => import('./notifications/NotificationsPage.svelte'),
  audit: () => import('./audit/AuditPage.svelte'),
  settings: () => import('./pages/SettingsPage.svelte'),
  missing: () => import('./pages/MissingPage.svelte'),
} satisfies Record<string, Loader>;

const FIXED: Record<string, Shown['name']> = {
  '/': 'fleet',
  '/home': 'home',
  '/dashboards': 'dashboards',
  '/explore': 'explore',
  '/alert-health': 'alertHealth',
  '/assistant': 'assistant',
  '/analyse': 'analyse',
  '/rules': 'rules',
  '/calculated': 'calculated',
  '/reactions': 'reactions',
  '/silences': 'silences',
  '/health': 'health',
  '/topics': 'topics',
  '/activity': 'activity',
  '/settings': 'settings',
  '/settings/audit': 'audit',
  '/settings/notifications': 'notifications',
};

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function pageOf(path: string): Shown {
  const fixed = FIXED[path];
  if (fixed) return { name: fixed, key: path, props: {} };
  const [, section, rest, more] = path.split('/');
  if (section === 'd' && rest && more === undefined)
    return { name: 'device', key: path, props: { id: decoded(rest) } };
  if (section === 'dashboards' && rest && more === undefined)
    return { name: 'dashboard', key: path, props: { id: decoded(rest) } };
  if (section === 'alerts' && more === undefined)
    return { name: 'alerts', key: '/alerts', props: { id: rest ? decoded(rest) : '' } };
  if (section === 'incidents' && rest && more === undefined)
    return { name: 'incident', key: path, props: { id: decoded(rest) } };
  return { name: 'missing', key: 'missing', props: {} };
}

/** Return the code of a page, loaded once. */
export const load = async (name: Shown['name']): Promise<Component<Props>> =>
  (await LOADERS[name]()).default as Component<Props>;

export const NAMES = Object.keys(LOADERS) as Shown['name'][];
