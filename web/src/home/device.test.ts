import { describe, expect, it } from 'vitest';
import { emphasis, homeDevice, isBatteryLow, isOpen, isRoom, shortName, valuesOf, valueText } from './device';
import { columnsOf } from './columnsForTests';

const deviceOf = (...samples: Parameters<typeof columnsOf>): ReturnType<typeof homeDevice> =>
  homeDevice({ row: 0, id: 'a', name: 'A', area: null }, columnsOf(...samples));

const plug = deviceOf(
  ['power', 86, 'power', 'W'],
  ['state', true, 'switch'],
  ['energy', 12, 'energy', 'kWh'],
  ['voltage', 230, 'voltage', 'V', 'further'],
  ['current', 0.4, 'current', 'A', 'further'],
  ['factor', 0.9, 'power_factor', null, 'further'],
  ['color.x', 0.3],
  ['linkquality', 90, 'signal_strength', 'lqi', 'diagnostic'],
  ['lock', true, 'locked', null, 'config'],
);

describe('values of a card', () => {
  const names = (found: ReturnType<typeof valuesOf>): string[][] =>
    [found.face, found.folded].map((columns) => columns.map(({ metric }) => metric));

  it('are at most four, and fold diagnostic values, settings and colours away', () => {
    expect(plug.main?.metric).toBe('state');
    expect(names(valuesOf(plug, new Set()))).toEqual([
      ['power', 'energy', 'voltage', 'current'],
      ['factor', 'color.x', 'linkquality', 'lock'],
    ]);
  });

  it('leave out what a control shows', () => {
    const [face, folded] = names(valuesOf(plug, new Set([plug.power])));
    expect(face).toEqual(['energy', 'voltage', 'current', 'factor']);
    expect(folded).not.toContain('power');
  });

  it('are in words', () => {
    const text = (...sample: Parameters<typeof columnsOf>[0]): string => valueText(columnsOf(sample)[0]!, 0);
    expect(text('contact', false, 'contact')).toBe('Open');
    expect(text('mode', 'heat_cool')).toBe('Heating and cooling');
    expect(text('state', 'OPEN')).toBe('Open');
    expect(text('battery', 11.6, 'battery', '%')).toBe('12\u00a0%');
    expect(text('program', 'Cotton')).toBe('Cotton');
  });
});

describe('a device', () => {
  it('is emphasized while it is on or open, and alarms while it is wet', () => {
    expect(emphasis(plug)).toBe('active');
    expect(emphasis(deviceOf(['state', false, 'switch']))).toBe('none');
    expect(emphasis(deviceOf(['contact', false, 'contact']))).toBe('active');
    expect(emphasis(deviceOf(['contact', true, 'contact']))).toBe('none');
    expect(emphasis(deviceOf(['leak', true, 'moisture']))).toBe('alarm');
    expect(emphasis(deviceOf(['leak', false, 'moisture']))).toBe('none');
    expect(emphasis(deviceOf(['action', 'on']))).toBe('none');
  });

  it('is open by the words of its class', () => {
    const open = (...sample: Parameters<typeof columnsOf>[0]): boolean | null => isOpen(columnsOf(sample)[0]!, 0);
    expect([open('c', true, 'contact'), open('c', false, 'contact'), open('d', true, 'door')]).toEqual([false, true, true]);
    expect([open('d', 'open', 'door'), open('d', 'jammed', 'door')]).toEqual([true, null]);
  }); // prettier-ignore

  it('has a low battery below 20 %, or if it says so', () => {
    const low = (...sample: Parameters<typeof columnsOf>[0]): boolean =>
      isBatteryLow(deviceOf(['t', 1], sample));
    expect([low('battery', 19, 'battery', '%'), low('battery', 20, 'battery', '%')]).toEqual([true, false]);
    expect([low('battery_low', true, 'battery'), low('battery_low', false, 'battery')]).toEqual([
      true,
      false,
    ]);
    expect([low('battery', 3, 'battery', 'V'), low('power', 3, 'power', 'W')]).toEqual([false, false]);
  });

  it('has a name without its area', () => {
    expect(shortName('Living room radiator', 'Living Room')).toBe('Radiator');
    expect(shortName('kitchen/bulb', 'Kitchen')).toBe('Bulb');
    expect(shortName('Hallway lamp', 'Hall')).toBe('Hallway lamp');
    expect(shortName('Kitchen', 'Kitchen')).toBe('Kitchen');
    expect(shortName('Lamp', null)).toBe('Lamp');
  });

  it('is not in a room if it is outside or a freezer', () => {
    const at = (name: string, area: string | null): boolean => isRoom({ ...plug, name, area });
    expect([at('Freezer', 'Kitchen'), at('Probe', 'Garten'), at('Climate', 'Bedroom')]).toEqual([
      false,
      false,
      true,
    ]);
  });
});
