import { describe, expect, it } from 'vitest';
import { alertMessage, aroundName, firstSentences, sentence, withoutName } from './words';

describe('sentences of the hub', () => {
  it('call metrics by their names', () => {
    const alert = {
      metric: 'bearing_temperature',
      message: 'bearing_temperature 89.2 °C, above 85 °C for 5 s',
    };
    expect(alertMessage(alert)).toBe('bearing temperature 89.2 °C, above 85 °C for 5 s');
    expect(alertMessage({ ...alert, metric: null })).toContain('bearing_temperature');
  });

  it('begin with a capital', () => {
    expect(sentence('flow falls')).toBe('Flow falls');
    expect(sentence('')).toBe('');
  });

  it('are as many as there is room for, whatever points their numbers have', () => {
    const text = 'Bearing wear: vibration rises 3.5 s later. It reads 89.2 °C, 4.2 °C beyond it. Stop it.';
    expect(firstSentences(text, 2)).toBe(
      'Bearing wear: vibration rises 3.5 s later. It reads 89.2 °C, 4.2 °C beyond it.',
    );
    expect(firstSentences('One only', 2)).toBe('One only');
  });

  it('do not repeat the name that stands before them', () => {
    expect(withoutName('Feed pump 3: vibration is high', 'Feed pump 3')).toBe('vibration is high');
    expect(withoutName('Feed pump 3 is offline', 'Feed pump 3')).toBe('is offline');
    expect(withoutName('Feed pump 30: hot', 'Feed pump 3')).toBe('Feed pump 30: hot');
  });
});

it('a line of the log names its device once, wherever the name stands', () => {
  expect(aroundName('Feed pump appeared', 'Feed pump')).toEqual(['', ' appeared']);
  expect(aroundName('Feed pump: hot', 'Feed pump')).toEqual(['', ' hot']);
  expect(aroundName('operator acknowledged Feed pump: hot', 'Feed pump')).toEqual([
    'operator acknowledged ',
    ' hot',
  ]);
  expect(aroundName('bearing wear is likely', 'Feed pump')).toEqual(['', 'bearing wear is likely']);
  expect(aroundName('on is only a letter of one', 'on')).toEqual(['', ' is only a letter of one']);
  expect(aroundName('one more', 'on')).toEqual(['', 'one more']);
});
