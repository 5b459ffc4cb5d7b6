// The page that is shown first: chosen in this browser, or by what kind of devices the hub has. A tablet in the hall and a desk may
// differ, so it is not part of the profile.

import { router } from '../lib/router.svelte';
import { fleet, session } from '../live/session.svelte';

export const STARTS = ['automatic', 'fleet', 'home'] as const;
export type Start = (typeof STARTS)[number];

const KEY = 'start-page';
const MOST_AT_HOME = 60;
const HOME_DIALECTS = new Set(['homeassistant', 'zigbee2mqtt', 'tasmota', 'shelly', 'homie']);

/** Return whether a hub with devices of these dialects is in a home: few devices, at least half of them of home automation. */
export function isHome(dialects: readonly string[]): boolean {
  const known = dialects.filter((dialect) => HOME_DIALECTS.has(dialect)).length;
  return known > 0 && dialects.length <= MOST_AT_HOME && 2 * known >= dialects.length;
}

function stored(): Start {
  const value = localStorage.getItem(KEY);
  return STARTS.find((each) => each === value) ?? 'automatic';
}

class StartPage {
  choice = $state<Start>(stored());
  /** Whether the first page is not decided yet: it depends on the devices. */
  open = $state(false);

  /** Decide the first page, if the dashboard was opened at its plain address. */
  start(): void {
    const [visit] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    if (router.path !== '/' || location.search || visit?.type !== 'navigate') return;
    if (this.choice === 'home') router.go('/home', true);
    this.open = this.choice === 'automatic';
  }

  /** Decide by the devices, once they are known. Call inside an effect. */
  decide(): void {
    if (!this.open || !session.ready) return;
    this.open = false;
    const dialects = fleet.dialect.filter((_, row) => fleet.alive[row]);
    if (router.path === '/' && isHome(dialects)) router.go('/home', true);
  }

  choose(start: Start): void {
    this.choice = start;
    localStorage.setItem(KEY, start);
  }
}

export const startPage = new StartPage();
