// Reactive state for the shell and the pages: connection state, the hub's figures and the open alerts. The fleet itself is in
// typed arrays. One session per page, opened once by `start`.

import { SvelteMap } from 'svelte/reactivity';
import { get, whenUnauthorized } from '../api/http';
import type { Alert, Command, Incident, Step, Trend } from '../api/types';
import { outer } from '../lib/rootPath';
import { Connection } from './connection';
import { Fleet } from './fleet';
import { nextFrame } from './frame';
import { SEVERITY, type Stats } from './protocol';
import { Sparks } from './sparks';

/** Follower of a run; `reset` is called before the run is sent again from its beginning. */
export interface Follower {
  reset(): void;
  take(step: Step): void;
}

export type Link = 'connecting' | 'live' | 'lost' | 'login' | 'origin';

/** A short interruption (a hub restart, a lift) shows no banner. */
const PATIENCE_MS = 1500;
/** Number of figures kept: five minutes, one every 2 s. */
const STATS_KEPT = 150;
const STATS_MS = 2000;

/** The hub's figures that are drawn as trends. */
export type Figures = Pick<Stats, 'open_alerts' | 'stale' | 'offline' | 'rate'>;

export const fleet = new Fleet();
export const sparks = new Sparks(fleet, () => session.hubNow());

class Session {
  link = $state<Link>('connecting');
  /** The connection has been down for longer than the delay: values are dimmed, controls that need the hub disabled. */
  stale = $state(false);
  /** A first snapshot has arrived. */
  ready = $state(false);
  latency = $state<number | null>(null);
  stats = $state.raw<Stats | null>(null);
  statsHistory = $state.raw<Figures[]>([]);
  /** The hub's connection to its broker, if it is down: nothing is known about the devices since then. */
  readonly brokerDown = $derived(this.stats && !this.stats.broker.connected ? this.stats.broker : null);
  root = $state('devices');
  /** Incremented when devices appear, disappear or are renamed. */
  members = $state(0);
  /** Incremented when a presence or a severity changes. */
  states = $state(0);
  /** Incremented with each snapshot: data fetched for the old one must be fetched again. */
  epoch = $state(0);
  /** Incremented when readings may have been missed: the connection was lost, or the tab hidden. Data that was fetched and then
   *  extended live has a gap and must be fetched again. */
  gaps = $state(0);
  /** Incremented when an alert clears, or is reported after it ended. */
  cleared = $state(0);
  private readonly commandListeners = new Set<(command: Command) => void>();
  /** Not a SvelteMap: reading 5,000 alerts from one takes longer than a frame. */
  private readonly byId = new Map<string, Alert>();
  private alertsVersion = $state(0);
  private readonly incidentsById = new SvelteMap<string, Incident>();
  private readonly followers = new Map<string, Follower>();

  /** Open alerts (raised or acknowledged): unacknowledged first, then the worst, then the newest. */
  readonly alerts = $derived(
    (void this.alertsVersion, [...this.byId.values()])
      .filter((alert) => alert.state !== 'cleared')
      .sort(byUrgency),
  );
  readonly raised = $derived(this.alerts.filter((alert) => alert.state === 'raised'));

  private readonly connection = new Connection(socketUrl(), fleet, {
    live: () => this.linked(),
    lost: () => this.unlinked(),
    refused: (reason) => this.refuse(reason),
    reset: (root) => {
      // Handles refer to other devices now: clear before anything requests the new ones.
      sparks.clear();
      this.root = root;
      this.epoch++;
      // Render the page in a separate frame after the fleet's first flush: both together would block it.
      if (!this.ready) nextFrame(() => nextFrame(() => (this.ready = true)));
    },
    alerts: (items, incidents) => {
      this.byId.clear();
      this.incidentsById.clear();
      for (const incident of incidents) this.incidentsById.set(incident.id, incident);
      for (const alert of items) this.byId.set(alert.id, alert);
      this.alertsVersion++;
      this.pin();
    },
    alert: (alert) => this.replace(alert),
    incident: (incident) => this.incidentsById.set(incident.id, incident),
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

  /** Load the figures from before the page was opened, once. Only who sees the whole hub may. */
  async recall(): Promise<void> {
    if (this.recalled) return;
    this.recalled = true;
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
      // Ignore errors: the trend fills by itself.
    }
  }

  /** Reconnect at once, after a login or on request. */
  retry(): void {
    if (this.link === 'login' || this.link === 'origin') this.unlinked('connecting');
    this.connection.open();
  }

  /** Call `listener` with each new or changed command. Return a function to stop. */
  onCommand(listener: (command: Command) => void): () => void {
    this.commandListeners.add(listener);
    return () => this.commandListeners.delete(listener);
  }

  alert(id: string): Alert | undefined {
    void this.alertsVersion;
    return this.byId.get(id);
  }

  /** Return an incident that is open, or has changed since the page was opened. */
  incident(id: string): Incident | undefined {
    return this.incidentsById.get(id);
  }

  /** Apply an alert from REST or the socket; the newest version wins. */
  replace(alert: Alert): void {
    this.byId.set(alert.id, alert);
    this.alertsVersion++;
    if (alert.state === 'cleared') this.cleared++;
    this.pin();
  }

  /** Follow a run from its beginning. Return a function to stop. */
  follow(run: string, follower: Follower): () => void {
    this.followers.set(run, follower);
    this.connection.follow(run, true);
    return () => {
      this.followers.delete(run);
      this.connection.follow(run, false);
    };
  }

  /** Return the time of the hub's clock: the browser's may be wrong. */
  hubNow(): number {
    return Date.now() + fleet.skew;
  }

  /** Show everything again in other units: fetch charts, repaint values. */
  redraw(): void {
    this.gaps++;
    this.epoch++;
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
  return `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${outer('/api/live')}`;
}

export const session = new Session();
