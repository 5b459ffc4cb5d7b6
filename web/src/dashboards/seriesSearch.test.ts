import { beforeAll, describe, expect, it, vi } from 'vitest';
import { fleet } from '../live/session.svelte';
import { T } from '../texts';
import { findDevices, findMetrics, listGroups, MOST_RESULTS, type Found } from './seriesSearch';

const DEVICES = 40;
const METRICS = ['temperature', 'humidity', 'battery', 'pressure'];

/** Return the headings with the number of results below each. */
const outline = ({ groups }: Found): [string, number][] =>
  groups.map(({ heading, results }) => [heading, results.length]);

/** Load a fleet of rooms, numbered from the last to the first if they are `reversed`. */
function load(count: number, reversed = false): void {
  const rows = Array.from({ length: count }, (_, k) => k);
  const numberOf = (k: number): number => (reversed ? count - 1 - k : k);
  const of = <V>(value: (k: number) => V): V[] => rows.map(value);
  fleet.load({
    type: 'snapshot',
    epoch: 'e',
    seq: 1,
    ts: Date.now(),
    root: 'devices',
    devices: {
      i: rows,
      id: of((k) => `room-${numberOf(k)}`),
      name: of((k) => `Room ${numberOf(k)}`),
      area: of((k) => (k % 2 ? 'Upstairs' : 'Downstairs')),
      model: of(() => null),
      dialect: of(() => 'native'),
      labels: of(() => []),
      presence: of(() => 0),
      severity: of(() => 0),
      seen: of(() => 0),
    },
    metrics: Object.fromEntries(
      METRICS.map((metric) => [metric, { i: rows, v: of((k) => k), u: of(() => null) }]),
    ),
  } as unknown as Parameters<typeof fleet.load>[0]);
}

describe('search for metrics', () => {
  beforeAll(() => load(DEVICES));

  it('lists devices with their metrics, in natural order, to choose from', () => {
    const { groups, more } = listGroups(fleet, 'device');
    expect(groups[0]!.results.slice(1, 4).map(({ name, note }) => [name, note])).toEqual([
      ['Room 1', '4 metrics'],
      ['Room 2', '4 metrics'],
      ['Room 3', '4 metrics'],
    ]);
    expect(more).toBe(0);
  });

  it('lists kinds of metrics with the number of their devices', () => {
    const names = listGroups(fleet, 'metric').groups[0]!.results.map(({ name, note }) => [name, note]);
    expect(names).toContainEqual(['Humidity', '40 devices']);
    expect(names).toHaveLength(METRICS.length);
  });

  it('groups results by device or by metric, and says how many are left out', () => {
    expect(outline(findMetrics(fleet, 'room temp upstairs', 'metric'))).toEqual([['Temperature', 20]]);
    expect(outline(findMetrics(fleet, 'room-7 hum', 'device'))).toEqual([['Room 7', 1]]);
    const all = findMetrics(fleet, 'room');
    expect(all.groups.flatMap(({ results }) => results)).toHaveLength(MOST_RESULTS);
    expect(all.more).toBe(DEVICES * METRICS.length - MOST_RESULTS);
  });

  it('searches within one device or one kind of metric', () => {
    expect(outline(findMetrics(fleet, '', 'device', 'room-3'))).toEqual([['Room 3', 4]]);
    expect(outline(findMetrics(fleet, 'upstairs', 'metric', 'Battery'))).toEqual([['Battery', 20]]);
  });

  it('finds devices by area', () => {
    expect(findDevices(fleet, 'downstairs').groups[0]!.results).toHaveLength(20);
  });

  it('lists the first of 100,000 devices, whatever their order', () => {
    load(100_000, true);
    const { groups, more } = listGroups(fleet, 'device');
    expect(groups[0]!.results.map(({ name }) => name)).toEqual(
      Array.from({ length: MOST_RESULTS }, (_, k) => `Room ${k}`),
    );
    expect(groups[0]!.results[0]).toMatchObject({ metric: 'room-0', note: '4 metrics' });
    expect(more).toBe(100_000 - MOST_RESULTS);
    const kinds = listGroups(fleet, 'metric').groups[0]!.results;
    expect(kinds.find(({ metric }) => metric === 'Humidity')!.note).toBe('100000 devices');
  });

  it('does not ask the locale for each comparison, nor make notes that are not shown', () => {
    const compared = vi.spyOn(String.prototype, 'localeCompare');
    const noted = vi.spyOn(T.dashboards.form, 'metricCount');
    listGroups(fleet, 'device');
    expect(compared).not.toHaveBeenCalled();
    expect(noted).toHaveBeenCalledTimes(MOST_RESULTS);
    vi.restoreAllMocks();
  });
});
