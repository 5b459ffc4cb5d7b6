import { describe, expect, it } from 'vitest';
import { groupsOf, type Shown } from './metricGroups';

const some = (category: Shown['category'], count: number): Shown[] =>
  Array.from({ length: count }, (_, k) => ({ metric: `${category}${k}`, category }));
const sizes = (...metrics: Shown[]): number[] => {
  const { primary, further, diagnostic } = groupsOf(metrics);
  return [primary.length, further.length, diagnostic.length];
};

describe('the metrics of a device', () => {
  it('stay together while they are few', () => {
    expect(sizes(...some('primary', 4), ...some('further', 4))).toEqual([8, 0, 0]);
  });

  it('of a plug with many are primary, further and diagnostic', () => {
    const plug = [
      ...some('primary', 3),
      ...some('further', 7),
      ...some('diagnostic', 8),
      ...some('config', 1),
    ];
    expect(sizes(...plug)).toEqual([3, 7, 9]);
  });

  it('do not push the chart off the page, however many there are', () => {
    expect(sizes(...some('primary', 256))).toEqual([24, 232, 0]);
    expect(sizes(...some('primary', 30), ...some('further', 9), ...some('config', 1))).toEqual([24, 15, 1]);
  });

  it('are never all folded away', () => {
    expect(sizes(...some('diagnostic', 3))).toEqual([3, 0, 0]);
    expect(sizes(...some('further', 12), ...some('diagnostic', 1))).toEqual([12, 0, 1]);
  });
});
