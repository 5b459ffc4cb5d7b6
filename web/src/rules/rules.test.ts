import { describe, expect, it } from 'vitest';
import type { Rule } from '../api/types';
import { Fleet } from '../live/fleet';
import { fresh, freshPart } from './fields';
import { durationText, formOf, keysOf } from './form';
import { problemsOf } from './problems';
import { conditionText, metricTitle, scopeText } from './shown';
import { slugOf } from './slug';

const NEW = fresh('new-rule');

const rule = (more: Partial<Rule>): Rule => ({
  id: 'r', name: 'R', kind: 'threshold', metric: 'flow', severity: 'warning', for_ms: 5000, clear_for_ms: 0,
  scope: { devices: [], models: ['CP-*'], labels: [], areas: [], via: [] }, condition: {}, text: '', last_fired: null,
  message_key: 'threshold', message_params: {}, schedule: [], time_zone: null, quantity: null, ...more,
}); // prettier-ignore

/** Return the keys of the rule's form, without omitted ones. */
const given = (more: Partial<Rule>): object =>
  Object.fromEntries(Object.entries(keysOf(formOf(rule(more)))).filter(([, value]) => value !== null));

describe('the form', () => {
  it('gives the keys that it read', () => {
    expect(given({ condition: { above: null, below: 25, clear: 28 } })).toEqual({
      id: 'r', name: 'R', metric: 'flow', below: 25, clear: 28, for: '5s', severity: 'warning', models: ['CP-*'],
    }); // prettier-ignore
  });

  it('has a quantity in place of a metric', () => {
    const all = given({ metric: null, quantity: 'temperature', condition: { above: 80, clear: null } });
    expect(all).toMatchObject({ quantity: 'temperature', above: 80 });
    expect(all).not.toHaveProperty('metric');
    const form = { ...NEW, name: 'Hot', quantity: 'temperature', limit: '80' };
    expect(problemsOf(form, new Set())).toEqual({});
    expect(problemsOf({ ...form, metric: 't' }, new Set())).toHaveProperty('quantity');
  });

  it('has the keys of each kind', () => {
    for (const value of [true, false, 'fault', 'true', '5', -1.5])
      expect(given({ kind: 'equals', condition: { value } })).toMatchObject({ kind: 'equals', value });
    expect(given({ clear_for_ms: 300_000, condition: { above: 1 } })).toMatchObject({ clear_for: '5m' });
    const rate = given({ kind: 'rate', condition: { by: 5, window_ms: 60_000, falling: true } });
    expect(rate).toMatchObject({ kind: 'rate', by: 5, within: '1m', falling: true });
    const step = { severity: 'critical', above: 90, below: null, clear: 87 };
    const graded = { condition: { above: 80, below: null, clear: null, steps: [step] } };
    expect(given(graded)).toMatchObject({ above: 80, critical: { above: 90, clear: 87 } });
    expect(given({ ...graded, severity: 'critical' })).not.toHaveProperty('critical');
    const range = { kind: 'range', condition: { low: 2, high: 8, inside: false, hysteresis: 0.5 } } as const;
    expect(given(range)).toMatchObject({ kind: 'range', outside: [2, 8], hysteresis: 0.5 });
    expect(given({ ...range, condition: { ...range.condition, inside: true } })).toMatchObject({
      inside: [2, 8],
    });
    const counter = { by: 5, window_ms: 60_000, falling: false, counter: true };
    expect(given({ kind: 'rate', condition: counter })).toMatchObject({ counter: true });
    expect(given({ kind: 'stuck', condition: { tolerance: 0.1 } })).toMatchObject({
      kind: 'stuck',
      tolerance: 0.1,
      for: '5s',
    });
    const pair = { other: 'return', above: null, below: 3, clear: null, device: null, area: false };
    expect(given({ kind: 'compare', condition: pair })).toMatchObject({
      kind: 'compare',
      with: 'return',
      below: 3,
    });
    const often = { times: 3, window_ms: 600_000, value: null, above: 80, below: null, clear: 78 };
    expect(given({ kind: 'count', condition: { ...often, each_value: true } })).toMatchObject({
      ...{ kind: 'count', above: 80, clear: 78, times: 3, within: '10m', each_value: true },
    });
    const opened = given({ kind: 'count', condition: { ...often, value: true, above: null, clear: null } });
    expect(opened).toMatchObject({ kind: 'count', value: true, times: 3 });
    expect(opened).not.toHaveProperty('for');
    const parts = [
      { kind: 'threshold', metric: 't', for_ms: 60_000, condition: { above: 80, below: null, clear: 78 } },
      { kind: 'not', metric: 'on', for_ms: 0, condition: { conditions: [
        { kind: 'equals', metric: 'on', for_ms: 0, condition: { value: true } },
      ] } },
    ]; // prettier-ignore
    const all = given({ kind: 'all', metric: 't', clear_for_ms: 5000, condition: { conditions: parts } });
    expect(all).toEqual({
      id: 'r', name: 'R', kind: 'all', for: '5s', clear_for: '5s', severity: 'warning', models: ['CP-*'],
      conditions: [
        { metric: 't', above: 80, clear: 78, for: '1m' },
        { kind: 'not', conditions: [{ kind: 'equals', metric: 'on', value: true }] },
      ],
    }); // prettier-ignore
    const odd = given({ kind: 'anomaly', condition: { sensitivity: 'high', beyond: null } });
    expect(odd).toMatchObject({ kind: 'anomaly', sensitivity: 'high', for: '5s' });
    const silence = {
      kind: 'no_data', metric: '', for_ms: 0, condition: { silence_ms: 300_000, missed: null },
    }; // prettier-ignore
    const elsewhere = {
      kind: 'equals', metric: 'on', for_ms: 0, device: 'pump', max_age_ms: 600_000, condition: { value: true },
    }; // prettier-ignore
    const level = { kind: 'all', metric: null, condition: { conditions: [silence, elsewhere] } } as const;
    expect(given(level)).toHaveProperty('conditions', [
      { kind: 'no_data', silence: '5m' },
      { kind: 'equals', metric: 'on', device: 'pump', value: true, max_age: '10m' },
    ]);
    const other = {
      other: 'flow',
      above: 5,
      below: null,
      clear: null,
      device: 'b',
      area: false,
      max_age_ms: 600_000,
    };
    expect(given({ kind: 'compare', condition: other })).toMatchObject({
      ...{ kind: 'compare', metric: 'flow', above: 5, with_device: 'b', max_age: '10m' },
    });
    expect(given({ kind: 'compare', condition: other })).not.toHaveProperty('with');
    const median = given({ kind: 'compare', condition: { ...other, other: 't', device: null, area: true } });
    expect(median).toMatchObject({ with: 't', with_area: 'median' });
    const own = { above: 80, below: null, clear: null, device_limits: true };
    expect(given({ condition: own })).toMatchObject({ above: 80, device_limits: true });
    const silent = given({ kind: 'no_data', metric: null, condition: { silence_ms: 300_000 } });
    expect(silent).toMatchObject({ kind: 'no_data', silence: '5m' });
    expect(Object.keys(silent)).not.toContain('metric');
    expect(Object.keys(silent)).not.toContain('for');
    const metric = {
      kind: 'no_data',
      metric: 'flow',
      condition: { silence_ms: 300_000, missed: null },
    } as const;
    expect(given(metric)).toMatchObject({ metric: 'flow', silence: '5m' });
    expect(given({ ...metric, metric: null, condition: { silence_ms: 0, missed: 3 } })).toMatchObject({
      missed: 3,
    });
  });

  it('has the hours of the rule', () => {
    const hours = ['mon-fri 08:00-18:00', 'sat,sun 22:00-06:00'];
    const keys = given({ condition: { above: 1 }, schedule: hours, time_zone: 'Europe/Berlin' });
    expect(keys).toMatchObject({ schedule: hours, time_zone: 'Europe/Berlin' });
    expect(given({ condition: { above: 1 } })).not.toHaveProperty('time_zone');
  });

  it('leaves a text that is not a number for the hub to reject', () => {
    const form = {
      ...formOf(rule({ condition: { above: 1 } })),
      limit: 'a lot',
      clear: '1e-9',
      devices: ' x, y"]',
      areas: 'North, Hall 2',
    };
    expect(keysOf(form)).toMatchObject({
      above: 'a lot',
      clear: 1e-9,
      devices: ['x', 'y"]'],
      areas: ['North', 'Hall 2'],
    });
  });

  it('names durations in their largest whole unit', () => {
    expect([0, 1500, 2000, 90_000, 300_000, 7_200_000].map(durationText)).toEqual(
      ['', '1500ms', '2s', '90s', '5m', '2h'], // prettier-ignore
    );
  });
});

describe('the id of a new rule', () => {
  it('comes from its name and is unlike all others', () => {
    expect(slugOf('Lid open', new Set())).toBe('lid-open');
    expect(slugOf('Kühlraum 2: Tür offen!', new Set())).toBe('kuhlraum-2-tur-offen');
    expect(slugOf('冷蔵庫', new Set())).toBe('rule');
    expect(slugOf('New rule', new Set(['new-rule', 'new-rule-2']))).toBe('new-rule-3');
    expect(slugOf('x'.repeat(200), new Set())).toHaveLength(60);
  });
});

describe('the fields of a rule', () => {
  const none = new Set<string>();
  const whole = { ...NEW, name: 'Hot', metric: 'temp', limit: '80' };

  it('are not enough when nothing was filled in', () => {
    expect(Object.keys(problemsOf(NEW, none)).sort()).toEqual(['limit', 'metric', 'name']);
    expect(Object.keys(problemsOf({ ...NEW, when: 'no_data' }, none)).sort()).toEqual(['name', 'silence']);
    expect(problemsOf({ ...whole, name: '  ' }, none)).toEqual({ name: 'Required' });
  });

  it('are told one by one what is wrong with them', () => {
    const of = (more: Partial<typeof NEW>): unknown => problemsOf({ ...whole, ...more }, none);
    expect(of({})).toEqual({});
    expect(of({ limit: '1e-9', clear: '-0.5', for: '500ms' })).toEqual({});
    expect(of({ limit: '80', clear: '81' })).toEqual({ clear: 'Clear threshold must be 80 or lower.' });
    expect(of({ when: 'below', clear: '79' })).toEqual({ clear: 'Clear threshold must be 80 or higher.' });
    expect(of({ limit: 'a lot' })).toEqual({ limit: 'Enter a number.' });
    expect(of({ clear_for: 'soon' })).toEqual({ clear_for: 'Enter a duration such as 30s, 5m or 1h.' });
    expect(of({ for: 'soon' })).toEqual({ for: 'Enter a duration such as 30s, 5m or 1h.' });
    expect(of({ when: 'rate', by: '0', within: '1m' })).toEqual({ by: 'Enter a number above 0.' });
    expect(of({ when: 'count_above', times: '2.5', within: '1h' })).toHaveProperty('times');
    expect(of({ when: 'outside', low: '5', high: '5' })).toEqual({ high: 'Upper bound must be above 5.' });
    expect(of({ when: 'compare_above', clear: '81' })).toEqual({
      with: 'Required',
      clear: 'Clear threshold must be 80 or lower.',
    });
    expect(of({ when: 'stuck', for: '' })).toEqual({ for: 'Required' });
    expect(of({ schedule: 'Mon-Fri 08:00-18:00; sat,sun 22:00-24:00' })).toEqual({});
    expect(of({ schedule: 'mon 8-18' })).toHaveProperty('schedule');
    expect(of({ schedule: 'daily 00:00-24:00', time_zone: '' })).toEqual({ time_zone: 'Required' });
    const parts = [freshPart(), { ...freshPart(), metric: 't', limit: 'x' }];
    expect(of({ when: 'all', conditions: parts })).toEqual({
      'conditions.0.metric': 'Required',
      'conditions.0.limit': 'Required',
      'conditions.1.limit': 'Enter a number.',
    });
    expect(of({ when: 'not', conditions: [{ ...parts[1]!, limit: '5' }, parts[0]!] })).toEqual({});
    expect(of({ id: 'a b' })).toHaveProperty('id');
    expect(problemsOf(whole, new Set(['new-rule']))).toEqual({ id: 'Another rule has this ID.' });
  });
});

describe('a rule as people read it', () => {
  const fleet = new Fleet();
  const described = (title: string): object => ({ title, category: 'primary', rank: 1 });
  fleet.load({
    type: 'snapshot', epoch: 'e', seq: 1, ts: 0, root: 'devices',
    kinds: [described('Front door'), described('Back door'), described('Air temperature')].map((each, k) => ({ ...each, device_class: k < 2 ? 'door' : null })),
    metrics: { s: { i: [0, 1], v: [true, true], u: [null, null], k: [0, 1] }, t1: { i: [0, 1], v: [1, 2], u: [null, null], k: 2 } },
    devices: {
      i: [0, 1], id: ['d-1', 'd-2'], name: ['Hall $& 1', 'Hall 2'], area: [null, null], model: [null, null],
      dialect: ['n', 'n'], labels: [[], []], presence: [0, 0], severity: [0, 0], seen: [0, 0],
    },
  } as never); // prettier-ignore

  it('has the titles of metrics', () => {
    expect(metricTitle(fleet, 't1')).toBe('Air temperature');
    expect(metricTitle(fleet, 's', 'd-2')).toBe('Back door');
    expect(metricTitle(fleet, 's')).toBe('S'); // the devices do not agree
    expect(metricTitle(fleet, 't*')).toBe('t*');
    expect(metricTitle(fleet, 'heat_flow')).toBe('Heat flow'); // reported by no device yet
    expect(conditionText(fleet, rule({ metric: 't1', text: 't1 above 80 for 2 s' }))).toBe(
      'air temperature above 80 for 2 s',
    );
    expect(conditionText(fleet, rule({ metric: 's', text: 's is true for 5 min' }), 'd-1')).toBe(
      'front door is open for 5 min',
    );
    expect(conditionText(fleet, rule({ metric: null, text: 'no data for 5 min' }))).toBe('no data for 5 min');
  });

  it('has the names of devices', () => {
    const scope = {
      devices: ['d-1', 'gone', 'd-*'],
      models: ['CP-*'],
      labels: ['roof'],
      areas: ['North'],
      via: ['d-2'],
    };
    expect(scopeText(fleet, scope)).toBe('Hall $& 1, gone, d-*, CP-*, roof, North, through Hall 2');
  });
});
