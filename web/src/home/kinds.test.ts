import { describe, expect, it } from 'vitest';
import { kindOf, mainOf } from './kinds';
import { columnsOf } from './columnsForTests';

type Samples = Parameters<typeof columnsOf>;

describe('the kind of a device', () => {
  it.each<[string, string, Samples]>([
    ['light', 'Bulb', [['state', true, 'switch'], ['brightness', 180]]],
    ['light', 'Porch light', [['porch', false, 'switch']]],
    ['light', 'Stehlampe', [['state', false, 'switch']]],
    ['switch', 'TV', [['power', 86, 'power', 'W'], ['state', true, 'switch']]],
    ['fan', 'Ceiling fan', [['fan', true, 'switch'], ['fan.percentage', 40]]],
    ['cover', 'Blinds', [['position', 80, null, '%'], ['state', 'OPEN']]],
    ['lock', 'Front door', [['state', true, 'locked']]],
    ['climate', 'Radiator', [['local_temperature', 20, 'temperature', '°C'], ['occupied_heating_setpoint', 21, 'temperature', '°C']]],
    ['climate', 'Heat pump', [['hp.current_temperature', 20, 'temperature', '°C'], ['hp', 'heat']]],
    ['door', 'Front door', [['contact', true, 'contact']]],
    ['window', 'Left', [['left', false, 'window'], ['temperature', 20, 'temperature', '°C']]],
    ['moisture', 'Cellar', [['water_leak', false, 'moisture'], ['siren', false, 'switch']]],
    ['motion', 'Hall light sensor', [['occupancy', true, 'occupancy'], ['illuminance', 4, 'illuminance', 'lx']]],
    ['temperature', 'Climate', [['temperature', 21, 'temperature', '°C'], ['humidity', 40, 'humidity', '%']]],
    ['air', 'Air', [['co2', 800, 'carbon_dioxide', 'ppm']]],
    ['energy', 'Meter', [['power', 800, 'power', 'W']]],
    ['battery', 'Old sensor', [['battery', 80, 'battery', '%', 'diagnostic']]],
    ['remote', 'Button', [['action', 'on']]],
    ['other', 'Machine', [['cycles', 12]]],
  ])('is %s for %s', (kind, name, samples) => {
    expect(kindOf(name, columnsOf(...samples), 0)).toBe(kind);
  }); // prettier-ignore

  it('is not decided by a setting, such as the indicator of a plug', () => {
    const columns = columnsOf(['state', true, 'switch'], ['led_brightness', 5, null, null, 'config']);
    expect(kindOf('Plug', columns, 0)).toBe('switch');
  });
});

describe('the metric that represents a device', () => {
  it('is the state of what is switched or moved, otherwise the first', () => {
    const plug = columnsOf(['power', 86, 'power', 'W'], ['state', true, 'switch']);
    const blinds = columnsOf(['position', 80, null, '%'], ['state', 'OPEN']);
    expect(mainOf('switch', plug, 0)?.metric).toBe('state');
    expect(mainOf('energy', plug, 0)?.metric).toBe('power');
    expect(mainOf('cover', blinds, 0)?.metric).toBe('state');
    expect(mainOf('cover', blinds.slice(0, 1), 0)?.metric).toBe('position');
    expect(mainOf('other', [], 0)).toBeUndefined();
  });
});
