// Messages of the hub in German and Spanish: every key is known, and values are written in the form of the language.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import germanCauses from './de/causes.json';
import spanishCauses from './es/causes.json';
import alertTexts from '../../../tests/vectors/alert_texts.json';
import keys from '../../../tests/vectors/message_keys.json';
import { causeTitle, componentName, hubText, loadTexts, type Params } from '.';
import { chooseUnits } from '../lib/units';
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

/** Kind, unit, value, condition, and the message in English, which is that of notifications
 *  (tests/test_notification_languages.py). */
const IN_IMPERIAL: [string, string, number, Params, string][] = [
  ['threshold', '°C', 89.25, { above: 80, below: null }, 'boiler 192.7 °F, above 176 °F'],
  ['threshold', 'bar', 1.5, { above: null, below: 2 }, 'boiler 21.8 psi, below 29.0075 psi'],
  ['range', '°C', 10, { low: 2, high: 8, inside: false }, 'boiler 50 °F, outside 35.6 to 46.4 °F'],
  [
    'compare',
    '°C',
    20,
    { other: 'u', above: 5, device: null, area: false },
    'boiler 68 °F, minus u above 9 °F',
  ],
  ['rate', '°C', 20, { by: 5, window_ms: 60_000 }, 'boiler 68 °F, rises more than 9 °F in 1 min'],
  [
    'count',
    '°C',
    100,
    { value: null, above: 80, times: 3, window_ms: 600_000, each_value: false },
    'boiler 212 °F, above 176 °F, 3 times within 10 min',
  ],
];

describe('an alert for a person with imperial units', () => {
  beforeAll(() => void chooseUnits('imperial'));
  afterAll(async () => {
    chooseUnits(null);
    await loadTexts('en');
  });

  it.each(IN_IMPERIAL)(
    'has one system of units: %s in %s',
    async (kind, unit, value, condition, expected) => {
      const params = { ...alertParams(kind), name: 'Boiler', unit, value, condition, for_ms: 0 };
      await loadTexts('en');
      expect(hubText('alert', ENGLISH, kind, params).replaceAll('\u00a0', ' ')).toBe(expected);
      await loadTexts('de');
      const inGerman = hubText('alert', ENGLISH, kind, params).replaceAll('\u00a0', ' ');
      expect(inGerman.replaceAll(',', '.')).toContain(expected.split(',')[0]!.replace('boiler', 'Boiler'));
      expect(inGerman).not.toContain(unit);
    },
  );

  it('has them in the activity, too', async () => {
    await loadTexts('en');
    const params = { ...alertParams('threshold'), condition: { above: 80 }, value: 90, for_ms: 0 };
    const line = 'Pump 1: bearing 90 °C, above 80 °C';
    const found = hubText('activity', line, 'alert.raised', {
      message_key: 'threshold',
      message_params: params,
    });
    expect(found.replaceAll('\u00a0', ' ')).toBe('Pump 1: bearing 194 °F, above 176 °F');
  });

  it('keeps the text of joined conditions, of another unit, and of unknown parameters', async () => {
    await loadTexts('en');
    expect(hubText('alert', ENGLISH, 'all', alertParams('all'))).toBe(ENGLISH);
    expect(hubText('alert', ENGLISH, 'threshold', { ...alertParams('threshold'), unit: 'rpm' })).toBe(
      ENGLISH,
    );
    expect(hubText('alert', ENGLISH, 'threshold', { unit: '°C' })).toBe(ENGLISH);
  });
});

describe('the name of a cause', () => {
  afterAll(() => loadTexts('en'));

  it('is in the language of the page, and of an own cause unchanged', async () => {
    await loadTexts('de');
    expect(causeTitle('Bearing wear')).toBe('Lagerverschleiß');
    expect(componentName('bearing')).toBe('Lager');
    expect(causeTitle('Squirrel in the duct')).toBe('Squirrel in the duct');
    await loadTexts('es');
    expect(causeTitle('Bearing wear')).toBe('Desgaste del rodamiento');
    await loadTexts('en');
    expect(causeTitle('Bearing wear')).toBe('Bearing wear');
  });

  it('exists for the same causes and components in each language', () => {
    expect(Object.keys(spanishCauses.titles)).toEqual(Object.keys(germanCauses.titles));
    expect(Object.keys(spanishCauses.components)).toEqual(Object.keys(germanCauses.components));
  });
});
