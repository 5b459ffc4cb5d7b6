import { describe, expect, it } from 'vitest';
import { gaugeEnds } from './gaugeEnds';

describe('ends of a gauge', () => {
  it.each([
    ['a percentage', '%', [40, 60], [], [0, 100]],
    ['a percentage above 100', '%', [90, 130], [], [0, 140]],
    ['a signal', 'dBm', [-80, -60], [], [-100, -30]],
    ['nothing known', null, [], [], [0, 100]],
    ['values far from zero', '°C', [18, 24], [], [17, 25]],
    ['values and a limit', '°C', [42, 61], [85], [0, 90]],
    ['negative values', '°C', [-22, -17], [-15], [-23, -14]],
    ['a constant', 'rpm', [1500, 1500], [], [1350, 1650]],
    ['a constant 0', 'bar', [0, 0], [], [0, 1]],
    ['small values', 'mm/s', [0.011, 0.034], [], [0, 0.04]],
    ['values of a number that is not finite', 'A', [NaN, 8], [], [7.2, 8.8]],
  ] as const)('for %s', (_, unit, values, limits, expected) => {
    const [low, high] = gaugeEnds(unit, values, limits);
    expect([low, high]).toEqual(expected);
    for (const each of [...values, ...limits].filter(Number.isFinite)) {
      expect(each).toBeGreaterThanOrEqual(low);
      expect(each).toBeLessThanOrEqual(high);
    }
  });
});
