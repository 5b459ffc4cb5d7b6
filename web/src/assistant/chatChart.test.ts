import { expect, it } from 'vitest';
import { shapeOf } from './chatChart';

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
