import { describe, expect, it } from 'vitest';
import type { Firing, Rule } from '../api/types';
import { limitsOf, severityOf, spansOf } from './backtest';

const firing = (device_id: string, metric: string | null, severities: string[]): Firing =>
  ({
    device_id,
    metric,
    start: 1000,
    end: null,
    steps: severities.map((severity) => ({ severity, at: 1000, value: 1 })),
  }) as unknown as Firing;

describe('firings of a test', () => {
  it('have the highest severity that they reached', () => {
    expect(severityOf(firing('a', 't', ['info', 'critical', 'warning']))).toBe('critical');
  });

  it('are shown on their own series; those of a whole device on each', () => {
    const all = [firing('a', 't', ['info']), firing('a', 'p', ['info']), firing('a', null, ['warning'])];
    expect(spansOf(all, 'a', 't').map((span) => span.severity)).toEqual(['info', 'warning']);
    expect(spansOf(all, 'b', 't')).toEqual([]);
  });
});

describe('limits of a rule', () => {
  const rule = (kind: string, condition: object): Rule =>
    ({ kind, metric: 't', severity: 'warning', condition }) as unknown as Rule;

  it('are those of all severities', () => {
    const steps = [{ severity: 'critical', above: 90, below: null }];
    expect(limitsOf(rule('threshold', { above: 80, below: null, steps }))).toEqual([
      { metric: 't', above: 80, severity: 'warning' },
      { metric: 't', above: 90, severity: 'critical' },
    ]);
  });

  it('are both bounds of a range, and none of a rate', () => {
    expect(limitsOf(rule('range', { low: 1, high: 2 })).length).toBe(2);
    expect(limitsOf(rule('rate', { by: 5 }))).toEqual([]);
  });
});
