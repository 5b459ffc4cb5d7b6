import { describe, expect, it, vi } from 'vitest';
import { Fleet } from './fleet';
import type { Delta, MetricFacts, Snapshot } from './protocol';

function snapshot(): Snapshot {
  return {
    type: 'snapshot',
    epoch: 'e1',
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices: {
      i: [0, 3],
      id: ['pump-01', 'tank-01'],
      name: ['Feed pump', 'Tank'],
      area: ['Hall', null],
      model: ['CP-40', null],
      dialect: ['native', 'native'],
      labels: [['line-2'], []],
      presence: [0, 1],
      severity: [0, 2],
      seen: [1000, null],
    },
    metrics: {
      vibration: { i: [0], v: [2.5], u: ['mm/s'] },
      flow: { i: [0], v: [40], u: ['m³/h'] },
      running: { i: [0, 3], v: [true, false], u: [null, null] },
      mode: { i: [3], v: ['auto'], u: [null] },
    },
  };
}

const delta = (part: Partial<Delta>): Delta => ({ type: 'delta', seq: 2, ts: Date.now(), ...part });

function loaded(): Fleet {
  const fleet = new Fleet();
  fleet.load(snapshot());
  fleet.flush();
  return fleet;
}

describe('a snapshot', () => {
  it('fills columns by handle, holes and all', () => {
    const fleet = loaded();
    expect(fleet.count).toBe(2);
    expect(fleet.size).toBe(4);
    expect([...fleet.alive.subarray(0, 4)]).toEqual([1, 0, 0, 1]);
    expect(fleet.handle('tank-01')).toBe(3);
    expect(fleet.handle('nobody')).toBe(-1);
    expect(fleet.seen[3]).toBe(0);
    expect(fleet.column('running')!.get(0)).toBe(true);
    expect(fleet.column('running')!.get(3)).toBe(false);
    expect(fleet.column('mode')!.get(3)).toBe('auto');
    expect(fleet.column('flow')!.get(3)).toBeNull();
  });

  it('chooses a number that people look at first as the main metric', () => {
    const fleet = loaded();
    expect(fleet.mainColumn(0)!.metric).toBe('flow');
    expect(fleet.mainColumn(3)!.metric).toBe('mode');
  });

  it('replaces the fleet before it entirely', () => {
    const fleet = loaded();
    const next = snapshot();
    next.devices = { ...next.devices, i: [1, 2], id: ['a', 'b'] };
    next.metrics = { flow: { i: [1], v: [7], u: [null] } };
    fleet.load(next);
    expect(fleet.handle('pump-01')).toBe(-1);
    expect(fleet.count).toBe(2);
    expect(fleet.column('mode')).toBeUndefined();
    expect(fleet.column('flow')!.has(0)).toBe(false);
  });
});

describe('the metric that stands for a device', () => {
  const kind = (part: Partial<MetricFacts>): MetricFacts => ({
    title: 'x', device_class: null, category: 'primary', rank: 200, hidden: false, ...part,
  }); // prettier-ignore

  function door(): Fleet {
    const fleet = new Fleet();
    const message = snapshot();
    message.kinds = [
      kind({ title: 'Battery', device_class: 'battery', category: 'diagnostic' }),
      kind({ title: 'Front door', device_class: 'door', rank: 6 }),
    ];
    message.metrics = {
      battery: { i: [0], v: [9], u: ['%'], k: 0 },
      contact: { i: [0, 3], v: [true, false], u: [null, null], k: [1, 1] },
    };
    fleet.load(message);
    return fleet;
  }

  it('is never its battery, and reads in the words of its class', () => {
    const main = door().mainColumn(0)!;
    expect([main.title(0), main.text(0)]).toEqual(['Front door', 'Open']);
    expect(main.text(3)).toBe('Closed');
  });

  it('is another one once a person hides it', () => {
    const fleet = door();
    fleet.apply(delta({ kinds: [kind({ hidden: true })], shown: { contact: [[0], [0]] } }));
    expect(fleet.mainColumn(0)!.title(0)).toBe('Battery');
    expect(fleet.metricsOf(0).map((column) => column.metric)).toEqual(['battery']);
  });

  it('is renamed while one looks on', () => {
    const fleet = door();
    fleet.apply(delta({ kinds: [kind({ title: 'Gate' })], shown: { contact: [[0], [0]] } }));
    expect(fleet.titleOf('pump-01', 'contact')).toBe('Gate');
    expect(fleet.titleOf('pump-01', 'not_yet')).toBe('Not yet');
  });
});

describe('a delta', () => {
  it('tells each touched row once, at the flush and not before', () => {
    const fleet = loaded();
    const pump = vi.fn();
    const tank = vi.fn();
    fleet.onRow(0, pump);
    fleet.onRow(3, tank);
    fleet.apply(delta({ i: [0], seen: [2000], m: { flow: [[0], [41]], vibration: [[0], [2.6]] } }));
    fleet.apply(delta({ i: [0], seen: [2250], m: { flow: [[0], [42]] } }));
    expect(pump).not.toHaveBeenCalled();
    fleet.flush();
    expect(pump).toHaveBeenCalledTimes(1);
    expect(tank).not.toHaveBeenCalled();
    expect(fleet.column('flow')!.get(0)).toBe(42);
    expect(fleet.seen[0]).toBe(2250);
    fleet.flush();
    expect(pump).toHaveBeenCalledTimes(1);
  });

  it('says whether members or states changed', () => {
    const fleet = loaded();
    const seen = vi.fn();
    fleet.onChange(({ members, state, count }) => seen(members, state, count));
    fleet.apply(delta({ m: { flow: [[0], [43]] } }));
    fleet.flush();
    fleet.apply(delta({ i: [3], seen: [1], presence: [2], severity: [2] }));
    fleet.flush();
    fleet.apply(delta({ gone: [3] }));
    fleet.flush();
    expect(seen.mock.calls).toEqual([
      [false, false, 1],
      [false, true, 1],
      [true, false, 1],
    ]);
    expect(fleet.count).toBe(1);
    expect(fleet.handle('tank-01')).toBe(-1);
    expect(fleet.column('mode')!.has(3)).toBe(false);
  });

  it('adds devices far beyond the present arrays and keeps what was there', () => {
    const fleet = loaded();
    const row = { ...snapshot().devices };
    for (const key of Object.keys(row) as (keyof typeof row)[]) (row[key] as unknown[]) = [row[key][0]];
    fleet.apply(
      delta({ new: { ...row, i: [5000], id: ['boiler-1'], name: [''] }, m: { flow: [[5000], [1]] } }),
    );
    expect(fleet.handle('boiler-1')).toBe(5000);
    expect(fleet.name[5000]).toBe('boiler-1');
    expect(fleet.column('flow')!.get(0)).toBe(40);
    expect(fleet.column('flow')!.get(5000)).toBe(1);
    expect(fleet.count).toBe(3);
  });

  it('ignores values of a handle it was never told about', () => {
    const fleet = loaded();
    fleet.apply(delta({ i: [99], seen: [5], presence: [0], severity: [0], m: { flow: [[99], [1]] } }));
    fleet.flush();
    expect(fleet.size).toBe(4);
    expect(fleet.count).toBe(2);
  });
});

describe('a pinned metric', () => {
  it('stands for the device while its alert is open', () => {
    const fleet = loaded();
    fleet.pin(new Map([['pump-01', 'vibration']]));
    expect(fleet.mainColumn(0)!.metric).toBe('vibration');
    fleet.pin(new Map());
    expect(fleet.mainColumn(0)!.metric).toBe('flow');
  });

  it('waits for the metric to arrive', () => {
    const fleet = loaded();
    fleet.pin(new Map([['pump-01', 'torque']]));
    expect(fleet.mainColumn(0)!.metric).toBe('flow');
    fleet.apply(delta({ m: { torque: [[0], [9]] } }));
    expect(fleet.mainColumn(0)!.metric).toBe('torque');
  });
});
