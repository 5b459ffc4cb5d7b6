import { describe, expect, it } from 'vitest';
import { shapeOf, stateShapeOf } from './chatChart';

it('a chart has a band and a line, and a gap where there are no readings', () => {
  const point = (ts: number, value: number): [number, number, number, number, number] => [
    ts,
    value - 1,
    value,
    value + 1,
    5,
  ];
  const points = [0, 10, 20, 80, 90].map((ts) => point(ts, ts)); // prettier-ignore
  const shape = shapeOf(points, 0, 100, 100, 108);
  expect([shape.low, shape.high]).toEqual([-1, 91]);
  expect(shape.mean.match(/M/g)).toHaveLength(2);
  expect(shape.band.match(/Z/g)).toHaveLength(2);
  expect(shape.mean.startsWith('M0.0 ')).toBe(true);
  const flat = shapeOf(
    [point(0, 5), point(10, 5)].map((p) => [p[0], 5, 5, 5, 1]),
    0,
    10,
    100,
    108,
  );
  expect(flat.mean).not.toContain('NaN');
});

describe('a small chart of what is on or off', () => {
  it('has bars as high as the share that was on, never a mean between the two', () => {
    const points: [number, number, number, number, number][] = [[0, 0, 0, 0, 10], [50, 0, 0.5, 1, 10]]; // prettier-ignore
    const { bars, share } = stateShapeOf(points, 0, 100, 100, 48);
    expect(bars).toBe('M50.0 48v-20.0H100.0V48Z');
    expect(share).toBe(0.25);
  });

  it('draws a constant in the middle', () => {
    expect(shapeOf([[0, 5, 5, 5, 1], [50, 5, 5, 5, 1]], 0, 100, 100, 48).mean).toBe('M0.0 24.0L50.0 24.0'); // prettier-ignore
  });
});
