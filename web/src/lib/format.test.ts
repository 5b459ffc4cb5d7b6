import { describe, expect, it } from 'vitest';
import vectors from '../../../tests/vectors/text_format.json';
import {
  ago,
  bytes,
  duration,
  limitText,
  metricName,
  number,
  quantity,
  reading,
  span,
  textNumber,
  textQuantity,
} from './format';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers', () => {
  it('have a real minus and no signed zero', () => {
    expect(number(-11.4, '°C')).toBe('−11.4');
    expect(number(-0.01, '°C')).toBe('0.0');
  });

  it('keep their decimals while they move', () => {
    expect(['71', '71.04', '7.06'].map((text) => number(Number(text), '°C'))).toEqual([
      '71.0',
      '71.0',
      '7.1',
    ]);
    expect(number(9.8, 'mm/s')).toBe('9.80');
    expect(number(1184, 'ppm')).toBe('1,184');
    expect(number(0.127)).toBe('0.13');
    expect(number(43.21)).toBe('43.2');
    expect(number(12_345.6)).toBe('12,346');
    expect(number(4904.4, 'm³/h')).toBe('4,904');
  });

  it('keep what is very small or very large', () => {
    expect(plain(number(1e-9, 'Pa'))).toBe('1.00 × 10⁻⁹');
    expect(plain(number(-4.56e-7))).toBe('−4.56 × 10⁻⁷');
    expect(plain(number(9.999e-6))).toBe('1.00 × 10⁻⁵');
    expect(number(0.0012)).toBe('0.0012');
    expect(number(0.3, 'W')).toBe('0.30');
    expect(number(-0, 'Pa')).toBe('0');
    expect(number(1e-17, '°C')).toBe('0.0');
    expect(number(123_456_789_012)).toBe('123,456,789,012');
    expect(plain(number(1e15))).toBe('1.00 × 10¹⁵');
    expect(plain(number(-1.5e300))).toBe('−1.50 × 10³⁰⁰');
    expect(plain(limitText(1e-9, 'mbar'))).toBe('1 × 10⁻⁹ mbar');
    expect(limitText(0)).toBe('0');
  });

  it('are a dash when there are none', () => {
    expect(number(NaN)).toBe('–');
    expect(reading(null)).toBe('–');
  });

  it('carry their unit; words and switches do not', () => {
    expect(plain(quantity(84.25, '°C'))).toBe('84.3 °C');
    expect(quantity('half open', '%')).toBe('half open');
    expect(quantity(true, null)).toBe('On');
    expect(quantity(true, null, 'door')).toBe('Open');
    expect(quantity('OFF', null, 'moisture')).toBe('Dry');
    expect(plain(limitText(-15, '°C'))).toBe('−15 °C');
  });
});

describe('times', () => {
  it('are told in their largest unit', () => {
    const minute = 60_000;
    const spans = [0, 1400, 4200, 59_600, 12 * minute, 180 * minute, 5 * 1440 * minute].map(span).map(plain);
    expect(spans).toEqual(['now', 'now', '4 s', '59 s', '12 min', '3 h', '5 d']);
    expect(plain(ago(-5000))).toBe('just now');
    expect(plain(duration(8_040_000))).toBe('2 h 14 min');
  });
});

describe('names and sizes', () => {
  it('read as words', () => {
    expect(metricName('bearing_temperature')).toBe('Bearing temperature');
    expect(metricName('supplyTemp')).toBe('Supply temp');
    expect(metricName('co2')).toBe('CO₂');
    expect(plain(bytes(96_000_000))).toBe('96 MB');
    expect(plain(bytes(1500))).toBe('1.5 kB');
  });
});

describe('texts', () => {
  it.each(vectors.numbers)('write the number $value $unit as the hub does', ({ value, unit, text }) => {
    expect(plain(textNumber(value, unit))).toBe(text);
    expect(plain(textQuantity(value))).toBe(plain(textNumber(value)));
  });

  it.each(vectors.quantities)('write $value $unit as the hub does', ({ value, unit, text }) => {
    expect(plain(textQuantity(value, unit))).toBe(text);
  });

  it.each(vectors.limits)('write the limit $value $unit as the hub does', ({ value, unit, text }) => {
    expect(plain(limitText(value, unit))).toBe(text);
  });

  it.each(vectors.durations)('write $ms ms as the hub does', ({ ms, text }) => {
    expect(plain(duration(ms))).toBe(text);
  });
});
