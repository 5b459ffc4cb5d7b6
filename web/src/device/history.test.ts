import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { append, traceOf, windowOf } from './history';

const answer = (points: Point[], gaps: [number, number][] = []) => ({ points, gaps, marks: [], unit: '°C' });

describe('a trace', () => {
  it('has no line over a gap', () => {
    const silent = traceOf(answer([[0, 1], [1000, 2], [2000, 3], [60_000, 4]], [[2000, 60_000]]), 1000); // prettier-ignore
    expect(silent.ts).toEqual([0, 1, 2, 31, 60]);
    expect(silent.mean).toEqual([1, 2, 3, null, 4]);
    const seldom = traceOf(answer([[0, 1], [1000, 2], [2000, 3], [60_000, 4]]), 1000); // prettier-ignore
    expect(seldom.mean).toEqual([1, 2, 3, 4]);
  });

  it('has none either when a live reading ends a long silence', () => {
    const trace = traceOf(answer([[0, 1], [1000, 2], [2000, 3]]), 1000); // prettier-ignore
    append(trace, 3000, 4, 0);
    append(trace, 60_000, 5, 0);
    expect(trace.mean).toEqual([1, 2, 3, 4, null, 5]);
  });

  it('carries its newest bucket on with live readings and drops the oldest', () => {
    const trace = traceOf(answer([[0, 1, 2, 3, 4], [10_000, 4, 5, 6, 1]]), 10_000); // prettier-ignore
    append(trace, 12_000, 9, 0);
    expect(trace.mean).toEqual([2, 7]);
    expect([trace.low[1], trace.high[1]]).toEqual([4, 9]);
    append(trace, 20_500, 1, 5000);
    expect(trace.ts).toEqual([10, 20]);
    expect(trace.mean).toEqual([7, 1]);
    append(trace, 11_000, 99, 5000);
    expect(trace.mean).toEqual([7, 1]);
  });
});

describe('the window', () => {
  it('is an hour up to now unless the address says otherwise', () => {
    expect(windowOf(new URLSearchParams(''))).toEqual({ live: '1h' });
    expect(windowOf(new URLSearchParams('range=7d'))).toEqual({ live: '7d' });
    expect(windowOf(new URLSearchParams('range=9y'))).toEqual({ live: '1h' });
    expect(windowOf(new URLSearchParams('from=100&to=200'))).toEqual({ from: 100, to: 200 });
    expect(windowOf(new URLSearchParams('from=200&to=100'))).toEqual({ live: '1h' });
  });
});
