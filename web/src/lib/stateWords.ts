// Words for on/off states by device class: a door is open, a floor is wet. The hub has the same table
// (hub/model/metric.py), verified by tests/vectors/state_words.json. Pure.

import { T } from '../texts';

const ON_WORDS = new Set(['on', 'true', 'yes', '1']);
const OFF_WORDS = new Set(['off', 'false', 'no', '0']);

const wordsOf = (deviceClass: string | null | undefined): readonly [string, string] | undefined =>
  deviceClass ? T.states.byClass[deviceClass] : undefined;

/** Return the word for a boolean, or for a text such as on or off; null for anything else. */
export function stateWord(value: unknown, deviceClass?: string | null): string | null {
  const words = wordsOf(deviceClass);
  if (typeof value === 'boolean') return (words ?? T.states.onOff)[value ? 0 : 1];
  if (typeof value !== 'string') return null;
  const text = value.trim().toLowerCase();
  const on = ON_WORDS.has(text);
  if (on || OFF_WORDS.has(text)) {
    if (words) return words[on ? 0 : 1];
    return text === '0' || text === '1'
      ? null
      : (T.states.texts[text] ?? text[0]!.toUpperCase() + text.slice(1));
  }
  return T.states.texts[text] ?? null;
}
