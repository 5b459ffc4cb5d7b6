import { describe, expect, it } from 'vitest';
import { Fleet } from '../live/fleet';
import { csv, cell } from './csv';
import { byName, filtersOf, NO_AREA, rank, sortOf, sortText } from './filters';

function fleet(): Fleet {
  const made = new Fleet();
  made.load({
    type: 'snapshot',
    epoch: 'e',
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices: {
      i: [0, 1, 2, 3],
      id: ['p10', 'p2', 't1', 'x'],
      name: ['Pump 10', 'Pump 2', '=Tank, "A"', 'Fan'],
      area: ['Hall', 'Hall', 'Yard', null],
      model: ['CP', 'CP', null, null],
      dialect: ['native', 'native', 'native', 'native'],
      labels: [['spare'], [], ['spare', 'line-2'], []],
      presence: [0, 1, 2, 0],
      severity: [0, 3, 1, 0],
      seen: [1000, 2000, null, 4000],
    },
    metrics: { level: { i: [2, 0], v: [-4.5, 12], u: ['%', '%'] } },
  });
  return made;
}

function ids(query: string): string[] {
  const made = fleet();
  const params = new URLSearchParams(query);
  return [...rank(made, byName(made), filtersOf(params), sortOf(params)).order].map((row) => made.id[row]!);
}

describe('the list', () => {
  it('puts the worst first, then counts as people do', () => {
    expect(ids('')).toEqual(['p2', 't1', 'x', 'p10']);
    expect(ids('sort=name')).toEqual(['t1', 'x', 'p2', 'p10']);
    expect(ids('sort=-name')).toEqual(['p10', 'p2', 'x', 't1']);
  });

  it('keeps rows without a value last in both directions', () => {
    expect(ids('sort=reading')).toEqual(['t1', 'p10', 'x', 'p2']);
    expect(ids('sort=-reading')).toEqual(['p10', 't1', 'x', 'p2']);
    expect(ids('sort=-m.nothing')).toHaveLength(4);
  });

  it('filters by text and by facets, alternatives within one', () => {
    expect(ids('q=PUMP')).toEqual(['p2', 'p10']);
    expect(ids('q=hall&status=online')).toEqual(['p10']);
    expect(ids('status=stale&status=offline')).toEqual(['p2', 't1']);
    expect(ids(`area=${NO_AREA}`)).toEqual(['x']);
    expect(ids('label=spare&severity=info')).toEqual(['t1']);
  });

  it('counts what each choice would show, the other facets kept', () => {
    const made = fleet();
    const { counts } = rank(
      made,
      byName(made),
      filtersOf(new URLSearchParams('area=Hall')),
      sortOf(new URLSearchParams()),
    );
    expect(Object.fromEntries(counts.status)).toEqual({ online: 1, stale: 1 });
    expect(Object.fromEntries(counts.area)).toEqual({ Hall: 2, Yard: 1, [NO_AREA]: 1 });
    expect(Object.fromEntries(counts.label)).toEqual({ spare: 1 });
  });

  it('writes its order into the address only when it is not the usual', () => {
    expect(sortText({ key: 'alert', descending: true })).toBeNull();
    expect(sortText({ key: 'seen', descending: true })).toBe('-seen');
    expect(sortText({ key: 'alert', descending: false })).toBe('alert');
  });
});

describe('CSV', () => {
  it('neutralises formulas, quotes commas, and leaves negative numbers alone', () => {
    expect(cell('=SUM(A1)')).toBe("'=SUM(A1)");
    expect(['+1', '-1', '@x', '\tx'].map(cell)).toEqual(["'+1", "'-1", "'@x", "'\tx"]);
    expect(cell(-4.5)).toBe('-4.5');
    expect(cell(NaN)).toBe('');
    const made = fleet();
    const text = csv(made, Int32Array.from([2]), ['level']);
    const [head, row] = text.split('\r\n');
    expect(head).toContain('value,unit,level');
    expect(row).toBe(`t1,"'=Tank, ""A""",Yard,,spare line-2,native,offline,info,,level,-4.5,%,-4.5`);
  });
});
