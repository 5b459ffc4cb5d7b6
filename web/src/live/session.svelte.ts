// What the shell and the pages watch: the link's state, the hub's figures and the open alerts. Small things
// only: the fleet itself stays in its typed arrays. One session a page, opened once by `start`.

import { SvelteMap } from 'svelte/reactivity';
import { get, whenUnauthorized } from '../api/http';
import type { Alert, Command, Step, Trend } from '../api/types';
import { Connection } from './connection';
import { Fleet } from './fleet';
import { nextFrame } from './frame';
import { SEVERITY, type Stats } from './protocol';
import { Sparks } from './sparks';

/** Whoever follows a run: `reset` before it is told again from its beginning. */
export interface Follower {
  reset(): void;
  take(step: Step): void;
}

export type Link = 'connecting' | 'live' | 'lost' | 'login' | 'origin';

/** A short cut (a hub restart, a lift) is not worth a banner. */
const PATIENCE_MS = 1500;
/** Figures of the last five minutes, one every 2 s. */
const STATS_KEPT = 150;
const STATS_MS = 2000;

/** What the trends draw of the hub's figures. */
export type Figures = Pick<Stats, 'open_alerts' | 'stale' | 'offline' | 'rate'>;

export const fleet = new Fleet();
export const sparks = new Sparks(fleet, () => session.hubNow());

class Session {
  link = $state<Link>('connecting');
  /** The link has been down for longer than the patience: values dim, buttons that need the hub rest. */
  stale = $state(false);
  /** A first snapshot has arrived. */
  ready = $state(false);
  latency = $state<number | null>(null);
  stats = $state.raw<Stats | null>(null);
  statsHistory = $state.raw<Figures[]>([]);
  root = $state('devices');
  /** Counts up when devices appear, vanish or change their names. */
  members = $state(0);
  /** Counts up when a presence or a severity changes. */
  states = $state(0);
  /** Counts up with each new snapshot: what was fetched for the old one should be fetched again. */
  epoch = $state(0);
  /** Counts up when readings may have gone by unseen: the line was cut, or the tab hidden. What was fetched and then
   *  carried on live has a hole, so it should be fetched again. */
  gaps = $state(0);
  /** Counts up when an alert clears, or has been over before it was known. */
  cleared = $state(0);
  private readonly commandListeners = new Set<(command: Command) => void>();
  private readonly byId = new SvelteMap<string, Alert>();
  private readonly followers = new Map<string, Follower>();

  /** Open alerts (raised or acknowledged): unacknowledged first, then the worst, then the newest. */
  readonly alerts = $derived(
    [...this.byId.values()].filter((alert) => alert.state !== 'cleared').sort(byUrgency),
  );
  readonly raised = $derived(this.alerts.filter((alert) => alert.state === 'raised'));

  private readonly connection = new Connection(socketUrl(), fleet, {
    live: () => this.linked(),
    lost: () => this.unlinked(),
    refused: (reason) => this.refuse(reason),
    reset: (root) => {
      // Handles mean other devices now: at once, before anything asks for the new ones.
      sparks.clear();
      this.root = root;
      this.epoch++;
      // The page is built in a frame of its own, once the fleet's first flush is over: both at once would hold it up.
      if (!this.ready) nextFrame(() => nextFrame(() => (this.ready = true)));
    },
    alerts: (items) => {
      this.byId.clear();
      for (const alert of items) this.byId.set(alert.id, alert);
      this.pin();
    },
    alert: (alert) => this.replace(alert),
    command: (command) => this.commandListeners.forEach((listener) => listener(command)),
    stats: (stats) => {
      this.stats = stats;
      this.statsHistory = [...this.statsHistory.slice(1 - STATS_KEPT), stats];
    },
    step: (step) => this.followers.get(step.id)?.take(step),
    latency: (ms) => (this.latency = Math.round(ms)),
  });
  private recalled = false;
  private bannerTimer: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    whenUnauthorized(() => this.refuse('login'));
    fleet.onChange((changes) => {
      if (changes.members) this.members++;
      if (changes.state) this.states++;
    });
    document.addEventListener('visibilitychange', () => {
      this.connection.setHidden(document.hidden);
      if (document.hidden) return;
      this.missed();
      if (this.link === 'lost') this.connection.open();
    });
    addEventListener('online', () => this.link === 'lost' && this.connection.open());
    this.unlinked('connecting');
    this.connection.open();
  }

  /** The figures from before this page was opened, as the hub keeps them. */
  private async recall(): Promise<void> {
    try {
      const { step_ms, open_alerts, stale, offline, rate } = await get<Trend>('/api/status/trend');
      const each = Math.max(1, Math.round(step_ms / STATS_MS));
      const before = rate.flatMap((_, k): Figures[] =>
        Array<Figures>(each).fill({
          open_alerts: open_alerts[k]!,
          stale: stale[k]!,
          offline: offline[k]!,
          rate: rate[k]!,
        }),
      );
      this.statsHistory = [...before, ...this.statsHistory].slice(-STATS_KEPT);
    } catch {
      // A trend is a comfort: it grows by itself.
    }
  }

  /** Tries again at once: after a login, or because a person asked. */
  retry(): void {
    if (this.link === 'login' || this.link === 'origin') this.unlinked('connecting');
    this.connection.open();
  }

  /** Calls `listener` with each command that was asked for or has moved on, until the function it returns is called. */
  onCommand(listener: (command: Command) => void): () => void {
    this.commandListeners.add(listener);
    return () => this.commandListeners.delete(listener);
  }

  alert(id: string): Alert | undefined {
    return this.byId.get(id);
  }

  /** Takes in an alert that came by REST or by the socket; the newest word on it wins. */
  replace(alert: Alert): void {
    this.byId.set(alert.id, alert);
    if (alert.state === 'cleared') this.cleared++;
    this.pin();
  }

  /** Tells a run from its beginning, as long as it goes on, until the function that is returned is called. */
  follow(run: string, follower: Follower): () => void {
    this.followers.set(run, follower);
    this.connection.follow(run, true);
    return () => {
      this.followers.delete(run);
      this.connection.follow(run, false);
    };
  }

  /** Now, on the hub's clock: the page's own may be wrong. */
  hubNow(): number {
    return Date.now() + fleet.skew;
  }

  private pin(): void {
    const metrics = new Map<string, string>();
    for (const alert of this.alerts) {
      if (alert.metric && !metrics.has(alert.device_id)) metrics.set(alert.device_id, alert.metric);
    }
    fleet.pin(metrics);
    nextFrame(() => fleet.flush());
  }

  private missed(): void {
    sparks.clear();
    this.gaps++;
  }

  private linked(): void {
    if (!this.recalled) void this.recall();
    this.recalled = true;
    this.missed();
    clearTimeout(this.bannerTimer);
    this.bannerTimer = undefined;
    this.link = 'live';
    this.stale = false;
    for (const [run, follower] of this.followers) {
      follower.reset();
      this.connection.follow(run, true);
    }
  }

  private unlinked(link: Link = 'lost'): void {
    this.link = link;
    this.latency = null;
    this.bannerTimer ??= setTimeout(() => {
      if (this.link !== 'live') this.stale = true;
    }, PATIENCE_MS);
  }

  private refuse(reason: 'login' | 'origin'): void {
    clearTimeout(this.bannerTimer);
    this.bannerTimer = undefined;
    this.connection.close();
    this.link = reason;
    this.stale = false;
  }
}

function byUrgency(a: Alert, b: Alert): number {
  const state = Number(a.state !== 'raised') - Number(b.state !== 'raised');
  return state || SEVERITY.indexOf(b.severity) - SEVERITY.indexOf(a.severity) || b.raised_at - a.raised_at;
}

function socketUrl(): string {
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/api/live`;
}

export const session = new Session();
