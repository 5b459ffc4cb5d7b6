import { describe, expect, it } from 'vitest';
import type { Rule } from '../api/types';
import { Fleet } from '../live/fleet';
import { partsOf, rulesIn, withoutRule, withRule } from './blocks';
import { durationText, formOf, fresh, written } from './form';
import { covered, patternOf } from './scope';
import { slugOf } from './slug';

const FRESH = fresh('new-rule', 'New rule');

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
