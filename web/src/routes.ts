// Which page shows which address. Pages are loaded when they are first needed, so that a start costs no more than what
// is seen; soon after, the others follow, so that they are there when the hub is not.

import type { Component } from 'svelte';

type Props = Record<string, string>;
type Loader = () => Promise<{ default: unknown }>;

export interface Shown {
  name: keyof typeof LOADERS;
  props: Props;
  /** Pages with another key are built anew. */
  key: string;
}

const LOADERS = {
  fleet: () => import('./fleet/FleetPage.svelte'),
  device: () => import('./device/DevicePage.svelte'),
  alerts: () => import('./alerts/AlertsPage.svelte'),
  assistant: () => import('./assistant/AssistantPage.svelte'),
  analyse: () => import('./pages/AnalysePage.svelte'),
  rules: () => import('./rules/RulesPage.svelte'),
  topics: () => import('./topics/TopicsPage.svelte'),
  activity: () => import('./pages/ActivityPage.svelte'),
  settings: () => import('./pages/SettingsPage.svelte'),
  missing: () => import('./pages/MissingPage.svelte'),
} satisfies Record<string, Loader>;

const FIXED: Record<string, Shown['name']> = {
  '/': 'fleet',
  '/assistant': 'assistant',
  '/analyse': 'analyse',
  '/rules': 'rules',
  '/topics': 'topics',
  '/activity': 'activity',
  '/settings': 'settings',
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
  if (section === 'alerts' && more === undefined)
    return { name: 'alerts', key: '/alerts', props: { id: rest ? decoded(rest) : '' } };
  return { name: 'missing', key: 'missing', props: {} };
}

/** The code of a page, fetched once. */
export const load = async (name: Shown['name']): Promise<Component<Props>> =>
  (await LOADERS[name]()).default as Component<Props>;

export const NAMES = Object.keys(LOADERS) as Shown['name'][];
