// Search of the command palette: devices, open alerts, pages, areas and actions, a few of each.

import { who } from '../account/who.svelte';
import { handling } from '../alerts/handling.svelte';
import { adding } from '../credentials/adding.svelte';
import { alertHref, deviceHref, router } from '../lib/router.svelte';
import { themes } from '../lib/theme.svelte';
import { alertMessage } from '../lib/words';
import { fleet, session } from '../live/session.svelte';
import { T } from '../texts';
import { standing, type IconName, type Standing } from '../ui/icons';
import { pagesFor } from './pages';

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
    { name: T.palette.areas, items: needle ? areas(has) : [] },
    { name: T.palette.actions, items: actions(help).filter((action) => has(action.name)) },
  ];
  return groups.filter((group) => group.items.length > 0);
}

type Has = (...words: string[]) => boolean;

function devices(has: Has): Found[] {
  const items: Found[] = [];
  for (let row = 0; row < fleet.size && items.length < MOST; row++) {
    const id = fleet.id[row]!;
    const name = fleet.name[row]!;
    if (!fleet.alive[row] || !has(name, id)) continue;
    const glyph = standing(fleet.presence[row]!, fleet.severity[row]!);
    const main = fleet.mainColumn(row);
    const note = [name === id ? '' : id, main?.quantity(row)].filter(Boolean).join(' · ') || undefined;
    items.push({ key: `go-device-${id}`, name, note, glyph, run: () => router.go(deviceHref(id)) });
  }
  return items;
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
  pagesFor(who.limited)
    .filter((page) => has(page.name))
    .map((page) => found(`go-page-${page.icon}`, page.name, page.icon, () => router.go(page.href)));

function areas(has: Has): Found[] {
  const names = new Set<string>();
  for (let row = 0; row < fleet.size; row++) if (fleet.alive[row] && fleet.area[row]) names.add(fleet.area[row]!);
  return [...names]
    .filter((name) => has(name))
    .slice(0, MOST)
    .map((name) => found(`go-area-${name}`, name, 'fleet', () => router.go(`/?area=${encodeURIComponent(name)}`)));
} // prettier-ignore

function actions(help: () => void): Found[] {
  const P = T.palette;
  const { raised } = session;
  const go = (href: string) => () => router.go(href);
  const all = [
    found('do-ask', P.ask, 'spark', go('/assistant')),
    found('do-attention', P.attention, 'alerts', go('/?severity=critical&severity=warning&severity=info')),
    found('do-silent', P.silent, 'offline', go('/?status=stale&status=offline')),
    found('do-add', T.credentials.add, 'plus', () => (adding.open = true)),
    found('do-theme', themes.shown === 'dark' ? T.theme.toLight : T.theme.toDark, 'moon', () => themes.toggle()),
    found('do-help', P.shortcuts, 'bolt', help),
  ];
  if (who.may('administrator'))
    all.push(found('do-notifications', T.notifications.open, 'settings', go('/settings/notifications')));
  if (who.may('administrator')) all.push(found('do-audit', T.audit.open, 'settings', go('/settings/audit')));
  // Actions that change something need a connection, and something to change.
  if (raised.length && session.link === 'live')
    all.splice(1, 0, found('do-acknowledge', P.acknowledge(raised.length), 'check', () => handling.ask('acknowledge', raised)));
  return all;
} // prettier-ignore

const found = (key: string, name: string, icon: IconName, run: () => void): Found => ({
  key,
  name,
  icon,
  run,
});
