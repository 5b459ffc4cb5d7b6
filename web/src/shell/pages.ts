// The pages of the dashboard: address, name, icon. Used by the rail, the bottom bar and the palette.

import { T } from '../texts';
import type { IconName } from '../ui/icons';

export interface PageLink {
  href: string;
  name: string;
  icon: IconName;
  /** It concerns the whole hub: not for people who see only some devices. */
  whole?: boolean;
}

export const PAGES: PageLink[] = [
  { href: '/', name: T.nav.fleet, icon: 'fleet' },
  { href: '/home', name: T.nav.home, icon: 'home' },
  { href: '/alerts', name: T.nav.alerts, icon: 'alerts' },
  { href: '/dashboards', name: T.nav.dashboards, icon: 'dashboards' },
  { href: '/assistant', name: T.nav.assistant, icon: 'assistant' },
  { href: '/explore', name: T.nav.explore, icon: 'explore' },
  { href: '/analyse', name: T.nav.analyse, icon: 'analyse' },
  { href: '/rules', name: T.nav.rules, icon: 'rules', whole: true },
  { href: '/calculated', name: T.nav.calculated, icon: 'calculated', whole: true },
  { href: '/reactions', name: T.nav.reactions, icon: 'reactions', whole: true },
  { href: '/silences', name: T.nav.silences, icon: 'silences', whole: true },
  { href: '/health', name: T.nav.health, icon: 'health' },
  { href: '/topics', name: T.nav.topics, icon: 'topics', whole: true },
  { href: '/activity', name: T.nav.activity, icon: 'activity' },
  { href: '/settings', name: T.nav.settings, icon: 'settings' },
];

/** Return the pages for the person who is signed in. */
export const pagesFor = (limited: boolean): PageLink[] => PAGES.filter((page) => !limited || !page.whole);

/** Return whether the page at `path` concerns the whole hub. */
export const ofWholeHub = (path: string): boolean =>
  PAGES.some((page) => page.whole && belongs(path, page.href));

/** Pages in a phone's bottom bar; the others are under More. */
export const ON_PHONE = 5;

/** Return whether `path` belongs to the page at `href`: a device to the fleet, an incident and alert health to the alerts. */
export function belongs(path: string, href: string): boolean {
  if (href === '/') return path === '/' || path.startsWith('/d/');
  if (href === '/alerts' && (path === '/alert-health' || path.startsWith('/incidents/'))) return true;
  return path === href || path.startsWith(`${href}/`);
}
