import { describe, expect, it } from 'vitest';
import type { Rule } from '../api/types';
import { Fleet } from '../live/fleet';
import { partsOf, rulesIn, withoutRule, withRule } from './blocks';
import { durationText, formOf, fresh, written } from './form';
import { problemsOf } from './problems';
import { covered, patternOf } from './scope';
import { conditionText, metricTitle, scopeText } from './shown';
import { slugOf } from './slug';

const NEW = fresh('new-rule');
const FRESH = written(NEW, '');

const FILE = `# What we watch.

[[rule]]
id = "hot"
# agreed with the site
above = 80

# -- pumps --

[[rule]]
id = "wet"
devices = [
  "a",
]

# the end
`;

describe('the parts of a file', () => {
  it('join to what they were', () => {
    expect(
      partsOf(FILE)
        .map((part) => part.text)
        .join('\n'),
    ).toBe(FILE);
    expect(rulesIn(FILE)).toEqual([
      '[[rule]]\nid = "hot"\n# agreed with the site\nabove = 80',
      '[[rule]]\nid = "wet"\ndevices = [\n  "a",\n]',
    ]);
  });

  it('change one by one', () => {
    const changed = withRule(FILE, 0, '[[rule]]\nid = "hotter"');
    expect(rulesIn(changed)[0]).toBe('[[rule]]\nid = "hotter"');
    expect(changed.replace('[[rule]]\nid = "hotter"', rulesIn(FILE)[0]!)).toBe(FILE);
    expect(rulesIn(withRule(FILE, 2, FRESH))).toHaveLength(3);
    expect(withRule('', 0, FRESH)).toBe(`${FRESH}\n`);
  });

  it('go without their neighbours and comments', () => {
    const left = withoutRule(FILE, 0);
    expect(rulesIn(left)).toEqual([rulesIn(FILE)[1]]);
    expect(left).toContain('# What we watch.');
    expect(left).toContain('# -- pumps --');
  });
});

const rule = (more: Partial<Rule>): Rule => ({
  id: 'r', name: 'R', kind: 'threshold', metric: 'flow', severity: 'warning', for_ms: 5000,
  scope: { devices: [], models: ['CP-*'], labels: [] }, condition: {}, text: '', last_fired: null, ...more,
}); // prettier-ignore

describe('the form', () => {
  it('writes what it read', () => {
    const form = formOf(rule({ condition: { above: null, below: 25, clear: 28 } }));
    expect(written(form, '[[rule]]\n# why\nid = "r"')).toBe(
      '[[rule]]\n# why\nid = "r"\nname = "R"\nmetric = "flow"\nbelow = 25\nclear = 28\nfor = "5s"\nseverity = "warning"\nmodels = ["CP-*"]',
    );
  });

  it('has the fields of each kind', () => {
    const text = (more: Partial<Rule>): string => written(formOf(rule({ for_ms: 0, ...more })), '');
    expect(text({ kind: 'equals', condition: { value: true } })).toContain('value = true\n');
    expect(text({ kind: 'equals', condition: { value: 'fault' } })).toContain('value = "fault"\n');
    expect(text({ kind: 'equals', condition: { value: 'true' } })).toContain('value = "true"\n');
    expect(text({ kind: 'equals', condition: { value: '5' } })).toContain('value = "5"\n');
    const rate = text({ kind: 'rate', condition: { by: 5, window_ms: 60_000, falling: true } });
    expect(rate).toContain('by = 5\nwithin = "1m"\nfalling = true\n');
    const silent = text({ kind: 'no_data', metric: null, condition: { silence_ms: 300_000 } });
    expect(silent).toContain('silence = "5m"');
    expect(silent).not.toContain('metric');
  });

  it('quotes what a person types', () => {
    const form = { ...formOf(rule({})), name: 'a "b"\\', devices: 'x, y"]\n' };
    expect(written(form, '')).toContain('name = "a \\"b\\"\\\\"');
    expect(written(form, '')).toContain('devices = ["x", "y\\"]"]');
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

describe('the scope', () => {
  it('reads patterns as the shell does', () => {
    const fits = (glob: string, text: string): boolean => patternOf(glob).test(text);
    expect(fits('sensor_*', 'sensor_9')).toBe(true);
    expect(fits('sensor_*', 'my_sensor_9')).toBe(false);
    expect(fits('CP-8?', 'CP-80')).toBe(true);
    expect(fits('pump-0[1-3]', 'pump-04')).toBe(false);
    expect(fits('pump-[!1]', 'pump-2')).toBe(true);
    expect(fits('a.b+c', 'a.b+c')).toBe(true);
    expect(fits('a.b', 'axb')).toBe(false);
    expect(fits('a[', 'a[')).toBe(true);
  });

  it('counts devices that fit every list', () => {
    const fleet = new Fleet();
    const i = [0, 1, 2];
    fleet.load({
      type: 'snapshot', epoch: 'e', seq: 1, ts: 0, root: 'devices',
      metrics: { temp_in: { i: [0], v: [1], u: [null] }, temp_out: { i: [0, 2], v: [1, 2], u: [null, null] } },
      devices: {
        i, id: ['pump-1', 'pump-2', 'tank-1'], name: ['', '', ''], area: [null, null, null], model: ['CP-80', 'X', 'CP-1'],
        dialect: ['n', 'n', 'n'], labels: [['a'], [], ['a']], presence: [0, 0, 0], severity: [0, 0, 0], seen: [0, 0, 0],
      },
    }); // prettier-ignore
    const all = { devices: [], models: [], labels: [] };
    expect(covered(fleet, { metric: null, scope: all })).toBe(3);
    expect(covered(fleet, { metric: null, scope: { ...all, devices: ['pump-*'], models: ['CP-*'] } })).toBe(
      1,
    );
    expect(covered(fleet, { metric: null, scope: { ...all, labels: ['a', 'b'] } })).toBe(2);
    expect(covered(fleet, { metric: 'temp_in', scope: all })).toBe(1);
    expect(covered(fleet, { metric: 'temp*', scope: all })).toBe(2);
    expect(covered(fleet, { metric: 'flow', scope: all })).toBe(0);
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
    expect(of({ for: 'soon' })).toEqual({ for: 'Enter a duration such as 30s, 5m or 1h.' });
    expect(of({ when: 'rate', by: '0', within: '1m' })).toEqual({ by: 'Enter a number above 0.' });
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
    expect(conditionText(fleet, rule({ metric: null, text: 'silent for 5 min' }))).toBe('silent for 5 min');
  });

  it('has the names of devices', () => {
    const scope = { devices: ['d-1', 'gone', 'd-*'], models: ['CP-*'], labels: ['roof'] };
    expect(scopeText(fleet, scope)).toBe('Hall $& 1, gone, d-*, CP-*, roof');
  });
});
