import { describe, expect, it } from 'vitest';
import vectors from '../../../tests/vectors/state_words.json';
import { stateWord } from './stateWords';

describe('a state', () => {
  it.each(vectors as [unknown, string | null, string | null][])(
    '%j of class %s reads %s, as on the hub',
    (value, deviceClass, word) => {
      expect(stateWord(value, deviceClass)).toBe(word);
    },
  );
});
