// Which component shows which address.

import type { Component } from 'svelte';
import AlertsPage from './alerts/AlertsPage.svelte';
import AssistantPage from './assistant/AssistantPage.svelte';
import DevicePage from './device/DevicePage.svelte';
import FleetPage from './fleet/FleetPage.svelte';
import ActivityPage from './pages/ActivityPage.svelte';
import AnalysePage from './pages/AnalysePage.svelte';
import MissingPage from './pages/MissingPage.svelte';
import RulesPage from './pages/RulesPage.svelte';
import SettingsPage from './pages/SettingsPage.svelte';

export interface Shown {
  component: Component<Record<string, string>>;
  props: Record<string, string>;
  /** Pages with another key are built anew. */
  key: string;
}

const FIXED: Record<string, unknown> = {
  '/': FleetPage,
  '/assistant': AssistantPage,
  '/analyse': AnalysePage,
  '/rules': RulesPage,
  '/activity': ActivityPage,
  '/settings': SettingsPage,
};

const shown = (component: unknown, key: string, props: Record<string, string> = {}): Shown => ({
  component: component as Shown['component'],
  key,
  props,
});

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function pageOf(path: string): Shown {
  const fixed = FIXED[path];
  if (fixed) return shown(fixed, path);
  const [, section, rest, more] = path.split('/');
  if (section === 'd' && rest && more === undefined) return shown(DevicePage, path, { id: decoded(rest) });
  if (section === 'alerts' && more === undefined) {
    return shown(AlertsPage, '/alerts', { id: rest ? decoded(rest) : '' });
  }
  return shown(MissingPage, 'missing');
}
