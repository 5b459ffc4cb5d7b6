import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, reconnectDelay, type Listener } from './connection';
import { Fleet } from './fleet';

/** A socket whose peer is the test. */
class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: Record<string, unknown>[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor() {
    FakeSocket.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.readyState = 3;
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(message: unknown): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const EMPTY = { i: [], id: [], name: [], area: [], model: [], dialect: [], labels: [], presence: [], severity: [], seen: [] }; // prettier-ignore
const snapshot = (seq: number, epoch = 'e1') => ({ type: 'snapshot', epoch, seq, ts: 0, root: 'devices', devices: EMPTY, metrics: {} }); // prettier-ignore
const last = (): FakeSocket => FakeSocket.all.at(-1)!;

let listener: { [K in keyof Listener]: ReturnType<typeof vi.fn> };
let connection: Connection;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  vi.stubGlobal('requestAnimationFrame', (turn: () => void) => setTimeout(turn, 16));
  vi.stubGlobal('MessageChannel', class {
    port1: { onmessage?: () => void; close(): void } = { close: () => undefined };
    port2 = { postMessage: () => this.port1.onmessage?.() };
  }); // prettier-ignore
  vi.spyOn(Math, 'random').mockReturnValue(1);
  FakeSocket.all = [];
  const names = ['live', 'lost', 'refused', 'reset', 'alerts', 'alert', 'stats', 'step', 'latency'] as const;
  listener = Object.fromEntries(names.map((name) => [name, vi.fn()])) as typeof listener;
  connection = new Connection('ws://x', new Fleet(), listener as unknown as Listener);
  connection.open();
});

afterEach(() => {
  connection.close();
  vi.runOnlyPendingTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe('a connection', () => {
  it('greets without a past, then is live with the snapshot', () => {
    last().open();
    expect(last().sent[0]).toEqual({ type: 'hello' });
    expect(listener.live).not.toHaveBeenCalled();
    last().say(snapshot(812));
    expect(listener.reset).toHaveBeenCalledWith('devices');
    expect(listener.live).toHaveBeenCalledTimes(1);
  });

  it('takes a snapshot in on a turn of its own, and what came after it in order', () => {
    const turns: (() => void)[] = [];
    vi.stubGlobal('MessageChannel', class {
      port1: { onmessage?: () => void; close(): void } = { close: () => undefined };
      port2 = { postMessage: () => turns.push(() => this.port1.onmessage?.()) };
    }); // prettier-ignore
    last().open();
    last().say(snapshot(812));
    last().say({ type: 'alerts', items: [] });
    expect(listener.reset).not.toHaveBeenCalled();
    turns.shift()!();
    expect(listener.reset).toHaveBeenCalledTimes(1);
    expect(listener.alerts).toHaveBeenCalledTimes(1);

    last().say(snapshot(813));
    last().drop();
    turns.forEach((turn) => turn());
    expect(listener.reset, 'the line was lost before its turn').toHaveBeenCalledTimes(1);
  });

  it('acknowledges the newest frame once, after the paint', () => {
    last().open();
    last().say(snapshot(1));
    last().say({ type: 'delta', seq: 2, ts: 0 });
    last().say({ type: 'delta', seq: 3, ts: 0 });
    expect(last().sent.filter((message) => message.type === 'ack')).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(last().sent.filter((message) => message.type === 'ack')).toEqual([{ type: 'ack', seq: 3 }]);
  });

  it('comes back by itself and resumes where it stopped', () => {
    last().open();
    last().say(snapshot(1));
    last().say({ type: 'delta', seq: 41, ts: 0 });
    last().drop();
    expect(listener.lost).toHaveBeenCalledTimes(1);
    expect(FakeSocket.all).toHaveLength(1);
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
    last().open();
    expect(last().sent[0]).toEqual({ type: 'hello', since: 41, epoch: 'e1' });
    last().say({ type: 'resumed', epoch: 'e1', seq: 60 });
    expect(listener.live).toHaveBeenCalledTimes(2);
    expect(listener.reset).toHaveBeenCalledTimes(1);
  });

  it('forgets its place when the hub says resync', () => {
    last().open();
    last().say(snapshot(5));
    last().say({ type: 'resync', reason: 'restart' });
    last().drop();
    vi.advanceTimersByTime(500);
    last().open();
    expect(last().sent[0]).toEqual({ type: 'hello' });
  });

  it('stops at 4401 until it is opened again', () => {
    last().drop(4401);
    expect(listener.refused).toHaveBeenCalledWith('login');
    expect(listener.lost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
    connection.open();
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('gives up on a line that has gone silent', () => {
    last().open();
    last().say(snapshot(1));
    vi.advanceTimersByTime(10_000);
    expect(last().sent.filter((message) => message.type === 'ping').length).toBeGreaterThan(0);
    expect(listener.lost).not.toHaveBeenCalled();
    vi.advanceTimersByTime(10_000);
    expect(listener.lost).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('hands on alerts and tells the hub when the page is hidden', () => {
    last().open();
    last().say({ type: 'alert', alert: { id: 'a' } });
    expect(listener.alert).toHaveBeenCalledWith({ id: 'a' });
    connection.setHidden(true);
    expect(last().sent.at(-1)).toEqual({ type: 'hidden', hidden: true });
  });
});

describe('the delay before the next attempt', () => {
  it('doubles from half a second to fifteen, half of it by chance', () => {
    const most = [0, 1, 2, 3, 4, 5, 6, 20].map((attempt) => reconnectDelay(attempt, () => 1));
    expect(most).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
    expect(reconnectDelay(0, () => 0)).toBe(250);
  });
});
