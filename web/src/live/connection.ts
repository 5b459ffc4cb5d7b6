// Client of /api/live: a socket that resumes where it stopped, acknowledges painted frames, sends heartbeats and
// reconnects. It applies frames to the fleet and passes everything else to its listener. Time, randomness and the
// socket can be replaced in tests.

import type { Alert, Command, Incident, Step } from '../api/types';
import type { Fleet } from './fleet';
import { afterPaint, nextFrame, nextTask } from './frame';
import { CLOSE_LOGIN, CLOSE_ORIGIN, type FromHub, type FromPage, type Stats } from './protocol';

export interface Listener {
  /** A socket is open and the fleet is current. */
  live(): void;
  /** The socket is closed; it reconnects automatically. */
  lost(): void;
  /** The hub requires a login (4401) or refuses this page's origin (4403); it does not reconnect automatically. */
  refused(reason: 'login' | 'origin'): void;
  /** A new epoch: data derived from the old fleet is no longer valid. */
  reset(root: string): void;
  alerts(items: Alert[], incidents: Incident[]): void;
  alert(alert: Alert): void;
  incident(incident: Incident): void;
  command(command: Command): void;
  stats(stats: Stats): void;
  /** A step of a followed run. */
  step(step: Step): void;
  /** Round trip in ms. */
  latency(ms: number): void;
}

const HEARTBEAT_MS = 10_000;
/** Without any message for this long (stats arrive every 2 s), the connection counts as dead. */
const SILENCE_MS = 12_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 15_000;

/** Exponential backoff from 0.5 s to 15 s; half of it is random, so that many pages do not reconnect at once. */
export function reconnectDelay(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** attempt);
  return ceiling * (0.5 + 0.5 * random());
}

export class Connection {
  private socket: WebSocket | null = null;
  private epoch: string | undefined;
  private seq: number | undefined;
  private attempt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private heartbeat: ReturnType<typeof setInterval> | undefined;
  private lastHeard = 0;
  private ackAsked = false;
  private pinged = false;
  private waiting: FromHub[] | null = null;

  private readonly url: string;
  private readonly fleet: Fleet;
  private readonly listener: Listener;

  constructor(url: string, fleet: Fleet, listener: Listener) {
    this.url = url;
    this.fleet = fleet;
    this.listener = listener;
  }

  /** Connect now and cancel the timer; does nothing while a socket is open. */
  open(): void {
    clearTimeout(this.retryTimer);
    if (this.socket) return;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.hello();
    socket.onmessage = (event: MessageEvent<string>) => this.receive(JSON.parse(event.data) as FromHub);
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code);
    };
  }

  close(): void {
    clearTimeout(this.retryTimer);
    clearInterval(this.heartbeat);
    const socket = this.socket;
    this.socket = null;
    socket?.close();
  }

  /** Pause frames for a background tab; afterwards the hub sends one delta with everything missed. */
  setHidden(hidden: boolean): void {
    this.send({ type: 'hidden', hidden });
  }

  /** The listener must subscribe to its runs again after a reconnect. */
  follow(run: string, on: boolean): void {
    this.send({ type: on ? 'subscribe' : 'unsubscribe', topic: `run/${run}` });
  }

  private hello(): void {
    this.lastHeard = performance.now();
    this.pinged = false;
    this.send(
      this.epoch === undefined ? { type: 'hello' } : { type: 'hello', since: this.seq, epoch: this.epoch },
    );
    if (document.hidden) this.setHidden(true);
    clearInterval(this.heartbeat);
    this.heartbeat = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  private beat(): void {
    // A hidden tab receives only pongs, and its timers run once a minute.
    const patience = document.hidden ? 10 * SILENCE_MS : SILENCE_MS;
    if (performance.now() - this.lastHeard > patience) this.abandon();
    else this.ping();
  }

  private ping(): void {
    this.pinged = true;
    this.send({ type: 'ping', ts: Math.round(performance.timeOrigin + performance.now()) });
  }

  /** Drop a socket that no longer answers, without waiting for its closing handshake. */
  private abandon(): void {
    this.socket?.close();
    this.closed(1006);
  }

  private send(message: FromPage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Parse a large snapshot in one task and apply it in the next; later messages wait. */
  private receive(message: FromHub): void {
    this.lastHeard = performance.now();
    if (this.waiting) return void this.waiting.push(message);
    if (message.type !== 'snapshot') return this.take(message);
    const waiting: FromHub[] = (this.waiting = []);
    nextTask(() => {
      if (this.waiting !== waiting) return; // the connection was lost meanwhile
      this.waiting = null;
      this.take(message);
      for (const each of waiting) this.receive(each);
    });
  }

  private take(message: FromHub): void {
    switch (message.type) {
      case 'snapshot':
        this.epoch = message.epoch;
        this.fleet.load(message);
        this.listener.reset(message.root);
        this.arrived(message.seq);
        this.ready();
        break;
      case 'delta':
        this.fleet.apply(message);
        this.arrived(message.seq);
        break;
      case 'resumed':
        this.epoch = message.epoch;
        this.ready();
        break;
      case 'resync':
        this.epoch = this.seq = undefined;
        break;
      case 'alerts':
        this.listener.alerts(message.items, message.incidents);
        break;
      case 'alert':
        this.listener.alert(message.alert);
        break;
      case 'incident':
        this.listener.incident(message.incident);
        break;
      case 'command':
        this.listener.command(message.command);
        break;
      case 'stats':
        this.listener.stats(message);
        break;
      case 'run':
        this.listener.step(message);
        break;
      case 'pong':
        if (message.ts !== null)
          this.listener.latency(Math.max(0, performance.timeOrigin + performance.now() - message.ts));
        break;
    }
  }

  private ready(): void {
    this.attempt = 0;
    this.listener.live();
  }

  private arrived(seq: number): void {
    this.seq = seq;
    nextFrame(this.paint);
  }

  private readonly paint = (): void => {
    this.fleet.flush();
    if (this.ackAsked) return;
    this.ackAsked = true;
    afterPaint(() => {
      this.ackAsked = false;
      if (this.seq !== undefined) this.send({ type: 'ack', seq: this.seq });
      // Measure from here on: before, a busy start would look like a slow connection.
      if (!this.pinged) this.ping();
    });
  };

  private closed(code: number): void {
    this.socket = this.waiting = null;
    clearInterval(this.heartbeat);
    if (code === CLOSE_LOGIN) return this.listener.refused('login');
    if (code === CLOSE_ORIGIN) return this.listener.refused('origin');
    this.listener.lost();
    this.retryTimer = setTimeout(() => this.open(), reconnectDelay(this.attempt++));
  }
}
