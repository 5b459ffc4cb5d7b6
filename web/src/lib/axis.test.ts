import { describe, expect, it } from 'vitest';
import { axisLabels, axisRange, axisSplits, stepDecimals } from './axis';

describe('axis labels', () => {
  it.each([
    [0.25, 2],
    [0.5, 1],
    [2.5, 1],
    [1, 0],
    [20, 0],
    [0.1, 1],
    [0.05, 2],
    [0.025, 3],
    [0.0005, 4],
    [12.5, 1],
    [250, 0],
  ])('a step of %d has %d decimals', (step, digits) => {
    expect(stepDecimals(step)).toBe(digits);
  });

  it('tell the values of every step apart', () => {
    expect(axisLabels([1.75, 2, 2.25, 2.5])).toEqual(['1.75', '2.00', '2.25', '2.50']);
    expect(axisLabels([0, 2.5, 5])).toEqual(['0.0', '2.5', '5.0']);
    expect(axisLabels([0.1, 0.2, 0.30000000000000004])).toEqual(['0.1', '0.2', '0.3']);
    expect(axisLabels([-2000, 0, 2000])).toEqual(['−2,000', '0', '2,000']);
    expect(axisLabels([5])).toEqual(['5']);
  });
});

describe('an axis of any range', () => {
  const labels = (low: number, high: number): string[] => axisLabels(axisSplits(low, high, 5));

  it.each([
    [1e-9, 2e-9], [9.9e-10, 1.01e-9], [-1e-12, 1e-12], [0, 3e-7], [1e15, 1.06e15], [1.4e300, 1.6e300], [-5e307, 5e307],
    [0, 1e6], [1e14, 1e14 + 3], [0.1, 0.3], [-3.2, 11.7], [123456789000, 123456789060], [5e-324, 1e-320], [20.1, 20.2],
  ])('from %d to %d has labels that tell its steps apart', (low, high) => {
    const found = labels(low, high);
    expect(found.length).toBeGreaterThan(1);
    expect(found.length).toBeLessThan(8);
    expect(new Set(found).size).toBe(found.length);
    expect(Math.max(...found.map((label) => label.length))).toBeLessThan(20);
  }); // prettier-ignore

  it('shares a power of ten where zeros would be counted', () => {
    expect(labels(1e-9, 2e-9).map((label) => label.replaceAll('\u00a0', ' '))).toEqual([
      '1.0 × 10⁻⁹', '1.2 × 10⁻⁹', '1.4 × 10⁻⁹', '1.6 × 10⁻⁹', '1.8 × 10⁻⁹', '2.0 × 10⁻⁹',
    ]); // prettier-ignore
    expect(labels(-1, 1)).toEqual(['−1.0', '−0.5', '0.0', '0.5', '1.0']);
  });

  it('spreads a constant of any size', () => {
    for (const value of [1.5e300, 1e-9, -1e17, 1e308, 5e-324, 0, -0]) {
      const [low, high] = axisRange(value, value, null);
      expect(high).toBeGreaterThan(low);
      expect(labels(low, high).length).toBeGreaterThan(1);
    }
  });
});

describe('the range of an axis', () => {
  const spanOf = ([from, to]: [number, number]): number => to - from;

  it('gives a constant a range by its unit, not by its noise', () => {
    const battery = axisRange(9, 9, '%');
    expect(battery[0]).toBeLessThan(8);
    expect(battery[1]).toBeGreaterThan(10);
    expect(spanOf(axisRange(21.5, 21.5, '°C'))).toBeGreaterThan(2);
    expect(spanOf(axisRange(1013.2, 1013.2, 'hPa'))).toBeGreaterThan(10);
    expect(spanOf(axisRange(3, 3, null))).toBeGreaterThan(3);
    expect(spanOf(axisRange(3, 3, null))).toBeLessThan(10);
  });

  it('does not fill the plot with a narrow band around a constant', () => {
    const [from, to] = axisRange(9, 9, '%', [8.995, 9.005]);
    expect(0.01 / (to - from)).toBeLessThan(0.05);
  });

  it('has no negative part for what was never negative, nor more than all of it', () => {
    const [from, to] = axisRange(0, 0, 'W');
    expect(from).toBeGreaterThan(-1.5);
    expect(to).toBeGreaterThan(5);
    expect(axisRange(100, 100, '%')[1]).toBeLessThan(100.5);
    expect(axisRange(-0.5, 0, '°C')[0]).toBeLessThan(-0.5);
  });

  it('follows what moves, with some air, and takes near limits in', () => {
    const [from, to] = axisRange(20, 30, '°C');
    expect([from, to]).toEqual([20 - 1.2, 30 + 1.2]);
    expect(axisRange(20, 30, '°C', [45])[1]).toBeGreaterThan(45);
    expect(axisRange(20, 30, '°C', [400])[1]).toBeLessThan(40);
    expect(axisRange(null, null, null)).toEqual([0, 1]);
  });
});
