import { describe, expect, it } from 'vitest';
import { sparkShape, stateShape } from './spark';

const shape = (...values: number[]): ReturnType<typeof sparkShape> =>
  sparkShape(Float32Array.from(values), values.length, 106, 28);
const runs = (path: string): number => path.split('M').length - 1;

describe('a sparkline', () => {
  it('spans its box, the lowest below and the highest above', () => {
    expect(shape(1, 3).line).toBe('M1 24L101 4');
    expect(shape(1, 3).area).toBe('M1 24L101 4L101 28H1Z');
    expect(shape(1, 3).dot).toContain('M99 4a');
  });

  it('is flat where nothing moves worth the name', () => {
    expect(shape(100, 100.001).line).toBe('M1 14L101 14');
    expect(shape(0, 0).line).toBe('M1 14L101 14');
  });

  it('bridges a slow interval and breaks at a silence', () => {
    expect(runs(shape(1, NaN, NaN, 2).line)).toBe(1);
    expect(runs(shape(1, NaN, NaN, NaN, NaN, NaN, NaN, 2).line)).toBe(2);
  });

  it('is nothing where there is nothing', () => {
    expect(shape(NaN, NaN)).toEqual({ line: '', area: '', dot: '' });
    expect(shape()).toEqual({ line: '', area: '', dot: '' });
  });
});

describe('a spark of states', () => {
  it('has a full bar where it was on, none where it was off, and holds what it last said', () => {
    const { area, line } = stateShape(new Float32Array([NaN, 1, NaN, 0, 0.5]), 5, 56, 24);
    expect(area).toBe('M11 20v-16h10V20ZM21 20v-16h10V20ZM41 20v-8h10V20Z'.replace('M11', 'M11'));
    expect(line.startsWith('M11 20')).toBe(true);
  });
});
