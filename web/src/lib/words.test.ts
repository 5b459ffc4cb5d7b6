import { describe, expect, it } from 'vitest';
import { alertMessage, sentence, withoutName } from './words';

describe('sentences of the hub', () => {
  it('do not repeat the name that stands beside them', () => {
    const alert = {
      device_name: 'Feed pump 3',
      metric: 'bearing_temperature',
      message: 'Feed pump 3: bearing_temperature 89.2 °C, above 85 °C for 5 s',
    };
    expect(alertMessage(alert)).toBe('bearing temperature 89.2 °C, above 85 °C for 5 s');
    expect(alertMessage({ ...alert, metric: null })).toContain('bearing_temperature');
    expect(withoutName('Feed pump 30: hot', 'Feed pump 3')).toBe('Feed pump 30: hot');
    expect(sentence('flow falls')).toBe('Flow falls');
    expect(sentence('')).toBe('');
  });
});
