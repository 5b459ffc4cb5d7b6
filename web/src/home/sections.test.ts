import { describe, expect, it } from 'vitest';
import { ONLINE } from '../live/protocol';
import { homeDevice } from './device';
import { columnsOf } from './columnsForTests';
import { moved } from './homeLayout.svelte';
import { belongsTo, sectionsOf, SHOWN, summaryOf } from './sections';

const device = (name: string, area: string | null, ...samples: Parameters<typeof columnsOf>): ReturnType<typeof homeDevice> =>
  homeDevice({ row: 0, id: name, name, area }, columnsOf(...samples)); // prettier-ignore

const lamp = device('Lamp', 'Kitchen', ['state', true, 'switch'], ['brightness', 1]);
const spot = device('Spot', 'Hall', ['state', false, 'switch'], ['brightness', 1]);
const front = device('Front', 'Hall', ['contact', false, 'contact']);
const climate = device('Climate 2', 'Hall', ['t', 21.5, 'temperature', '°C'], ['h', 40, 'humidity', '%']);
const bedroom = device('Climate 10', 'Bedroom', ['t', 18.4, 'temperature', '°C']);
const freezer = device('Freezer', 'Cellar', ['t', -19, 'temperature', '°C']);
const meter = device('Meter', null, ['p', 1.2, 'power', 'kW']);
const tv = device('TV', 'Attic', ['p', 80, 'power', 'W'], ['state', true, 'switch']);
const all = [meter, climate, freezer, spot, tv, front, lamp, bedroom];
const online = [ONLINE];

describe('areas', () => {
  const shown = (order: string[]): [string | null, string[]][] =>
    sectionsOf(all, order).map(({ area, devices }) => [area, devices.map(({ name }) => name)]);

  it('are in the order of the hub, then by name, and devices without one are last', () => {
    expect(shown(['Kitchen', 'Hall', 'Empty']).map(([area]) => area)).toEqual([
      'Kitchen',
      'Hall',
      'Attic',
      'Bedroom',
      'Cellar',
      null,
    ]);
  });

  it('have their lights first, then doors and climate', () => {
    expect(shown([]).find(([area]) => area === 'Hall')).toEqual(['Hall', ['Spot', 'Front', 'Climate 2']]);
  });
});

describe('the summary', () => {
  it('counts lights and openings, and has the range of the rooms and the sum of power', () => {
    expect(summaryOf(all, online)).toEqual({
      lights: { on: 1, all: 2 },
      openings: { open: 1, all: 1 },
      climate: { low: 18.4, high: 21.5, unit: '°C', rooms: 2 },
      power: { watts: 1280, devices: 2 },
    });
  });

  it('leaves out devices that are not online: their values are old', () => {
    expect(summaryOf(all, [2])).toEqual({
      lights: { on: 0, all: 0 },
      openings: { open: 0, all: 0 },
      climate: null,
      power: null,
    });
  });

  it('chooses the devices of each part', () => {
    const parts = SHOWN.map((part) => all.filter((each) => belongsTo(each, part, (id) => id === 'TV')));
    expect(parts.map((found) => found.map(({ name }) => name))).toEqual([
      ['Spot', 'Lamp'],
      ['Front'],
      ['Climate 2', 'Freezer', 'Climate 10'],
      ['Meter', 'TV'],
      ['TV'],
    ]);
  });
});

describe('the order of a person', () => {
  it('comes before that of the kinds, within each area', () => {
    const names = (first: string[]): string[] =>
      sectionsOf(all, [], first)
        .find(({ area }) => area === 'Hall')!
        .devices.map(({ name }) => name);
    const usual = names([]);
    expect(names(['Climate 2', 'Lamp'])).toEqual([
      'Climate 2',
      ...usual.filter((name) => name !== 'Climate 2'),
    ]);
  });

  it('changes by one place, and not beyond the ends', () => {
    expect(moved(['a', 'b', 'c'], 'c', -1)).toEqual(['a', 'c', 'b']);
    expect(moved(['a', 'b', 'c'], 'a', -1)).toEqual(['a', 'b', 'c']);
    expect(moved(['a', 'b', 'c'], 'x', 1)).toEqual(['a', 'b', 'c']);
  });
});
