import { describe, expect, it } from 'vitest';
import { limitBetween, newRuleHref } from './chartDraft';

const of = (
  ...values: (number | null)[]
): { low: typeof values; mean: typeof values; high: typeof values } => ({
  low: values,
  mean: values,
  high: values,
});

describe('the limit of a rule from a chart', () => {
  it('is half-way between what was usual and what is selected', () => {
    expect(limitBetween(of(70, 90, null), of(60, 65, 70))).toEqual({
      when: 'above',
      limit: '80',
      clear: '75',
    });
    expect(limitBetween(of(12, 4), of(10, 12))).toEqual({ when: 'below', limit: '7', clear: '8.5' });
    expect(limitBetween(of(0.5), of(0.1, 0.1))).toEqual({ when: 'above', limit: '0.3', clear: '0.2' });
  });

  it('does not count what was rare before', () => {
    const usual = Array.from({ length: 200 }, (_, k) => (k < 2 ? 95 : 60));
    expect(limitBetween(of(80), of(...usual))).toMatchObject({ when: 'above', limit: '70' });
  });

  it('is left open if the selection is usual, or nothing is known before it', () => {
    expect(limitBetween(of(65), of(60, 70))).toEqual({});
    expect(limitBetween(of(65), of(null))).toEqual({});
  });
});

describe('the address', () => {
  it('has the time range if one is selected', () => {
    expect(newRuleHref('a b', 't', { live: '1h' })).toBe('/rules?new=1&device=a+b&metric=t');
    expect(newRuleHref('a', 't', { from: 1.4, to: 9 })).toBe('/rules?new=1&device=a&metric=t&from=1&to=9');
  });
});
