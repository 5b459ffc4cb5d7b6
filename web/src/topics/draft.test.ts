import { describe, expect, it } from 'vitest';
import { draftOf, fits, jsonOf, pathOf, patternOf, pickOf, keysOf, type Draft, type Pick } from './draft';

const pick = (path: string, more: Partial<Pick> = {}): Pick => ({
  path,
  use: 'metric',
  name: path,
  unit: '',
  kind: '',
  ...more,
});

describe('a draft', () => {
  it('takes the second level for the device and the last one for the metric of a plain value', () => {
    const draft = draftOf('home/kitchen/temperature', jsonOf('21.5'));
    expect(patternOf(draft.levels)).toBe('home/{device}/{metric}');
    draft.plain!.unit = '°C';
    expect(keysOf(draft)).toEqual({ topic: 'home/{device}/{metric}', units: { temperature: '°C' } });
  });

  it('names what no level names', () => {
    const draft = draftOf('garage/door', jsonOf('OPEN'));
    expect(keysOf(draft)).toEqual({ topic: 'garage/door', device: 'garage', metric: 'door' });
    expect(keysOf(draftOf('door', jsonOf('OPEN')))).toMatchObject({ device: 'door', metric: 'door' });
  });

  it('reads a whole tree, or what was picked', () => {
    const body = jsonOf('{"t": 1}');
    const draft: Draft = draftOf('weather/roof/state', body);
    expect(keysOf(draft)).toEqual({ topic: 'weather/{device}/state' });
    draft.picks = [
      pick(pathOf(['outdoor', 'temp']), { name: 'temperature', unit: '°C', kind: 'number' }),
      pick(pathOf(['a.b', '0'])),
      pick('id', { use: 'device' }),
      pick('at', { use: 'time' }),
    ];
    expect(keysOf(draft)).toEqual({
      topic: 'weather/{device}/state',
      device: '{device}/{payload.id}',
      time: 'at',
      metrics: {
        temperature: { path: 'outdoor.temp', unit: '°C', kind: 'number' },
        'a\\.b.0': 'a\\.b.0',
      },
    });
  });

  it('guesses what a clicked value is', () => {
    expect(pickOf(['a', 'temp'], '4.5')).toMatchObject({ path: 'a.temp', use: 'metric', name: 'temp', kind: 'number' });
    expect(pickOf(['at'], '2026-11-25T12:00:00Z').use).toBe('time');
    for (const value of [4.5, 'OPEN', '', true, null]) expect(pickOf(['v'], value)).toMatchObject({ use: 'metric', kind: '' });
  }); // prettier-ignore

  it('numbers several levels of the device', () => {
    const draft = draftOf('plant/hall/press/state', {});
    draft.levels[2]!.role = 'device';
    draft.levels[3]!.role = 'any';
    expect(keysOf(draft)).toEqual({ topic: 'plant/{device}/{device2}/+', device: '{device}/{device2}' });
    expect(fits(draft.levels, 'plant/a/b/c')).toBe(true);
    expect(fits(draft.levels, 'plant/a/b')).toBe(false);
    expect(fits(draft.levels, 'other/a/b/c')).toBe(false);
  });

  it('takes a number, a text and a broken payload for plain', () => {
    for (const payload of ['1', '"a"', 'null', '{broken', '']) expect(jsonOf(payload)).toBeUndefined();
    expect(jsonOf('[1]')).toEqual([1]);
  });
});
