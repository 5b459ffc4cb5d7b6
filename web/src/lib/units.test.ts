import { afterEach, describe, expect, it } from 'vitest';
import { limitText, quantity, reading, textQuantity } from './format';
import { chooseUnits, shownUnit, shownValue } from './units';

afterEach(() => chooseUnits(null));

describe('units by person', () => {
  it('are those of the device without a choice', () => {
    expect([shownValue(20, '°C'), shownUnit('°C'), shownUnit(null)]).toEqual([20, '°C', null]);
  });

  it.each([
    [100, '°C', 212, '°F'],
    [-40, '°C', -40, '°F'],
    [1, 'bar', 14.5038, 'psi'],
    [100, 'kPa', 14.5038, 'psi'],
    [1013.25, 'hPa', 29.9213, 'inHg'],
    [100, 'km/h', 62.1371, 'mph'],
    [25.4, 'mm', 1, 'in'],
    [2.54, 'cm', 1, 'in'],
    [1, 'kg', 2.20462, 'lb'],
    [5, 'l', 1.32086, 'gal'],
    [5, 'rpm', 5, 'rpm'],
  ])('convert %f %s to %f %s', (value, unit, converted, shown) => {
    chooseUnits('imperial');
    expect(shownValue(value, unit)).toBeCloseTo(converted, 3);
    expect(shownUnit(unit)).toBe(shown);
  });

  it('convert back, and a converted value only once', () => {
    chooseUnits('imperial');
    const there = shownValue(37, '°C');
    expect(shownValue(there, '°F')).toBe(there);
    chooseUnits('metric');
    expect(shownValue(there, '°F')).toBeCloseTo(37, 9);
    expect(shownValue(37, '°C')).toBe(37);
  });

  it('may differ by quantity', () => {
    chooseUnits('metric', { pressure: 'imperial' });
    expect([shownUnit('bar'), shownUnit('°C'), shownUnit('°F')]).toEqual(['psi', '°C', '°C']);
    chooseUnits(null, { temperature: 'imperial' });
    expect([shownUnit('bar'), shownUnit('°C')]).toEqual(['bar', '°F']);
  });

  it('apply to every formatted value', () => {
    chooseUnits('imperial');
    expect(reading(20, '°C')).toBe('68.0');
    expect(quantity(20, '°C')).toBe('68.0\u00a0°F');
    expect(textQuantity(89.25, '°C')).toBe('192.7\u00a0°F');
    expect(limitText(85, '°C')).toBe('185\u00a0°F');
    expect(quantity(true, '°C', 'door')).toBe('Open');
  });
});
