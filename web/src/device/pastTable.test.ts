import { describe, expect, it } from 'vitest';
import { csvOf, stepOf } from './pastTable';

const HOUR = 3_600_000;

describe('a table of the past', () => {
  it('has a line a reading for a short while, else no more lines than one reads', () => {
    expect(stepOf(HOUR / 4, false)).toBeNull();
    expect(stepOf(HOUR, false)).toBe(60_000);
    expect(stepOf(24 * HOUR, false)).toBe(HOUR / 4);
    expect(stepOf(7 * 24 * HOUR, false)).toBe(6 * HOUR);
    expect(stepOf(1000 * 24 * HOUR, false)).toBe(24 * HOUR);
    expect(stepOf(24 * HOUR, true)).toBeNull();
  });

  it('is saved with every reading, and texts that look like formulas are harmless', () => {
    const points: [number, number | string][] = [
      [0, 71.5],
      [1500, '=1+1'],
    ];
    expect(csvOf('pump-01', { metric: 'state', unit: null, points }).split('\r\n')).toEqual([
      'time,device,metric,value,unit',
      '1970-01-01T00:00:00.000Z,pump-01,state,71.5,',
      "1970-01-01T00:00:01.500Z,pump-01,state,'=1+1,",
      '',
    ]);
  });
});
