// Messages of the hub in German and Spanish: every key is known, and values are written in the form of the language.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import alertTexts from '../../../tests/vectors/alert_texts.json';
import keys from '../../../tests/vectors/message_keys.json';
import { hubText, loadTexts, type Params } from '.';
import { LANGUAGES } from './language';

const CONDITIONS: Record<string, object> = {
  threshold: {
    above: 85,
    below: null,
    clear: 80,
    steps: [{ severity: 'critical', above: 90 }],
    device_limits: false,
  },
  range: { low: 2, high: 8.5, inside: false, hysteresis: 0.5, device_limits: false },
  compare: { other: 'outlet', above: null, below: 3.5, clear: null, device: null, area: false },
  equals: { value: true },
  rate: { by: 5.5, window_ms: 60_000, falling: true, counter: false },
  stuck: { tolerance: 0 },
  anomaly: { sensitivity: 'medium', beyond: null },
  count: {
    times: 3,
    window_ms: 600_000,
    value: null,
    above: 1.5,
    below: null,
    clear: null,
    each_value: false,
  },
  no_data: { silence_ms: 300_000, missed: null },
};
for (const kind of ['all', 'any', 'not']) {
  const parts = ['threshold', 'equals'].map((each) => ({
    kind: each,
    metric: each,
    condition: CONDITIONS[each],
    for_ms: 0,
  }));
  CONDITIONS[kind] = { conditions: kind === 'not' ? parts.slice(0, 1) : parts };
}
const alertParams = (kind: string): Params => ({
  ...{ name: 'Bearing', value: 1089.25, unit: '°C', device_class: null, silent_ms: 300_000, for_ms: 5000 },
  condition: CONDITIONS[kind],
});
const ruleParams = (kind: string): Params => ({
  ...{
    metric: 'Bearing',
    for_ms: 5000,
    clear_for_ms: 10_000,
    schedule: ['mon 08:00-18:00'],
    time_zone: 'UTC',
  },
  condition: CONDITIONS[kind],
});
/** Parameters with a text for every name. */
const anyParams = (more: Params): Params =>
  new Proxy(more, { get: (own, name) => own[name as string] ?? `«${String(name)}»` });

const ENGLISH = 'the text of the hub';
/** What the page still shows in English. */
const NOT_TRANSLATED = ['diagnosed', 'rejected', 'settings'];

describe.each(LANGUAGES.filter((code) => code !== 'en'))('messages in %s', (code) => {
  beforeAll(() => loadTexts(code));
  afterAll(() => loadTexts('en'));

  it.each(keys.alert)('describe an alert of a rule of kind %s', (kind) => {
    const text = hubText('alert', ENGLISH, kind, alertParams(kind));
    expect(text).not.toBe(ENGLISH);
    expect(text).not.toMatch(/undefined|null|NaN|\bthe\b/);
  });

  it('do not name a device that the account may not see', () => {
    const params = alertParams('compare');
    const condition = { ...CONDITIONS.compare, device: '', other: 'flow' };
    const text = hubText('alert', ENGLISH, 'compare', { ...params, condition });
    expect(text).toMatch({ de: /von einem anderen Gerät/, es: /de otro dispositivo/ }[code as 'de' | 'es']);
  });

  it('say how far an anomaly is beyond what is usual', () => {
    const params = { ...alertParams('anomaly'), condition: { sensitivity: 'medium', beyond: 0.384 } };
    expect(hubText('alert', ENGLISH, 'anomaly', params)).toMatch(/38\s%/);
  });

  it('do not name such a device in a joined condition either', () => {
    const [part] = (CONDITIONS.all as { conditions: object[] }).conditions;
    const said = (device: string): string => {
      const condition = { conditions: [{ ...part, device }] };
      return hubText('alert', ENGLISH, 'all', { ...alertParams('all'), condition });
    };
    expect(said('pump')).toMatch({ de: /\(Gerät pump\)/, es: /\(dispositivo pump\)/ }[code as 'de' | 'es']);
    expect(said('')).toMatch({ de: /\(anderes Gerät\)/, es: /\(otro dispositivo\)/ }[code as 'de' | 'es']);
  });

  it.each(alertTexts)('describe an alert as notifications of the hub do: $kind, $de', (vector) => {
    const text = hubText('alert', ENGLISH, vector.kind, vector.params);
    expect(text.replaceAll('\u00a0', ' ')).toBe(vector[code as 'de' | 'es']);
  });

  it.each(keys.rule)('describe a rule of kind %s', (kind) => {
    const text = hubText('rule', ENGLISH, kind, ruleParams(kind));
    expect(text).not.toBe(ENGLISH);
    expect(text).not.toMatch(/undefined|null|NaN|\bthe\b/);
    expect(text).toContain('mon 08:00-18:00');
  });

  it.each(keys.activity.filter((key) => !NOT_TRANSLATED.includes(key)))('describe the activity %s', (key) => {
    const about = {
      message_key: 'threshold',
      message_params: alertParams('threshold'),
      severity: 'critical',
      was: 'info',
    };
    const text = hubText('activity', ENGLISH, key, anyParams({ ...about, lasted_ms: 60_000 }));
    expect(text).not.toBe(ENGLISH);
    expect(text).not.toMatch(/undefined|null|NaN/);
    if (key.startsWith('alert.')) expect(text).toContain('«name»: Bearing');
  });

  it.each(keys.stays_open)('say why an alert stays open: %s', (key) => {
    const text = hubText('staysOpen', ENGLISH, key, anyParams({ age_ms: 3_600_000 }));
    expect(text).toMatch(/«metric»/);
  });

  it('keep the text of the hub for an unknown key and for parameters of another form', () => {
    expect(hubText('alert', ENGLISH, 'unheard', alertParams('threshold'))).toBe(ENGLISH);
    expect(hubText('alert', ENGLISH, 'threshold', {})).toBe(ENGLISH);
    expect(hubText('alert', ENGLISH, null, alertParams('threshold'))).toBe(ENGLISH);
  });
});

describe('an alert', () => {
  afterAll(() => loadTexts('en'));

  it.each([
    ['en', ENGLISH],
    ['de', 'Bearing 1.089 °C, über 85 °C für mindestens 5 s'],
    ['es', 'Bearing 1089 °C, por encima de 85 °C durante al menos 5 s'],
  ] as const)('is described in %s', async (code, expected) => {
    await loadTexts(code);
    const text = hubText('alert', ENGLISH, 'threshold', alertParams('threshold'));
    expect(text.replaceAll('\u00a0', ' ')).toBe(expected);
  });
});
