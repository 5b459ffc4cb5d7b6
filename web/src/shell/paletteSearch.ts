// What the palette finds for a text: devices, open alerts, pages and actions, a few of each.

import { alertHref, deviceHref, router } from '../lib/router.svelte';
import { themes } from '../lib/theme.svelte';
import { alertMessage } from '../lib/words';
import { fleet, session } from '../live/session.svelte';
import { T } from '../texts';
import { standing, type IconName, type Standing } from '../ui/icons';
import { PAGES } from './pages';

export interface Found {
  key: string;
  name: string;
  note?: string;
  glyph?: Standing;
  icon?: IconName;
  run: () => void;
}

export interface Group {
  name: string;
  items: Found[];
}

const MOST = 8;

export function findAll(text: string, help: () => void): Group[] {
  const needle = text.trim().toLowerCase();
  const has = (...words: string[]): boolean => words.some((word) => word.toLowerCase().includes(needle));
  const groups: Group[] = [
    { name: T.palette.devices, items: devices(has) },
    { name: T.palette.alerts, items: alerts(has) },
    { name: T.palette.pages, items: pages(has) },
    { name: T.palette.actions, items: actions(has, help) },
  ];
  return groups.filter((group) => group.items.length > 0);
}

type Has = (...words: string[]) => boolean;

function devices(has: Has): Found[] {
  const found: Found[] = [];
  for (let row = 0; row < fleet.size && found.length < MOST; row++) {
    const id = fleet.id[row]!;
    const name = fleet.name[row]!;
    if (!fleet.alive[row] || !has(name, id)) continue;
    const glyph = standing(fleet.presence[row]!, fleet.severity[row]!);
    const note = name === id ? undefined : id;
    found.push({ key: `go-device-${id}`, name, note, glyph, run: () => router.go(deviceHref(id)) });
  }
  return found;
}

const alerts = (has: Has): Found[] =>
  session.alerts
    .filter((alert) => has(alert.device_name, alert.message))
    .slice(0, MOST)
    .map((alert) => ({
      key: `go-alert-${alert.id}`,
      name: `${alert.device_name} ${alertMessage(alert)}`,
      glyph: alert.severity,
      run: () => router.go(alertHref(alert.id)),
    }));

const pages = (has: Has): Found[] =>
  PAGES.filter((page) => has(page.name)).map((page) => ({
    key: `go-page-${page.icon}`,
    name: page.name,
    icon: page.icon,
    run: () => router.go(page.href),
  }));

const actions = (has: Has, help: () => void): Found[] =>
  [
    {
      key: 'do-theme',
      name: themes.shown === 'dark' ? T.theme.toLight : T.theme.toDark,
      run: () => themes.toggle(),
    },
    { key: 'do-help', name: T.palette.shortcuts, run: help },
  ]
    .filter((action) => has(action.name))
    .map((action) => ({ ...action, icon: 'bolt' as const }));
