import { describe, expect, it } from 'vitest';
import { traceOf } from '../device/history';
import { axisFor, statisticsOf } from './refs';

describe('statistics', () => {
  const points: [number, number, number, number, number][] = [
    [0, 1, 2, 3, 10],
    [1000, 0, 4, 9, 1],
    [5000, 5, 6, 7, 2],
  ];
  const trace = traceOf({ points, gaps: [[1000, 5000]], marks: [], unit: '°C' }, 1000);

  it('cover the range and weight each bucket equally', () => {
    expect(statisticsOf(trace, 0, 5000)).toEqual({ min: 0, mean: 4, max: 9, last: 6 });
    expect(statisticsOf(trace, 0, 1000)).toEqual({ min: 0, mean: 3, max: 9, last: 4 });
  });

  it('are empty without readings', () => {
    expect(statisticsOf(trace, 2000, 4000)).toEqual({ min: null, mean: null, max: null, last: null });
  });
});

describe('the axis of a further series', () => {
  const units: Record<string, string | null> = { heat: '°C', oil: '°C', pressure: 'bar', load: '%' };
  const unitOf = ({ metric }: { metric: string }): string | null => units[metric] ?? null;
  const of = (metric: string) => ({ device_id: 'a', metric });
  const on = (metric: string, axis: 'left' | 'right') => ({ ...of(metric), axis });

  it('has the same unit, or is still empty', () => {
    expect(axisFor([], of('heat'), unitOf)).toBe('left');
    expect(axisFor([on('heat', 'left')], of('oil'), unitOf)).toBe('left');
    expect(axisFor([on('heat', 'left')], of('pressure'), unitOf)).toBe('right');
    expect(axisFor([on('heat', 'left'), on('pressure', 'right')], of('oil'), unitOf)).toBe('left');
    expect(axisFor([on('pressure', 'left'), on('heat', 'right')], of('oil'), unitOf)).toBe('right');
    expect(axisFor([on('heat', 'left'), on('pressure', 'right')], of('load'), unitOf)).toBe('left');
  });
});
