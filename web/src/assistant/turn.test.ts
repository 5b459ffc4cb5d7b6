import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../api/ndjson';
import { applyLine, extrasOf, newTurn, restoredTurn, strikeSentences } from './turn';

describe('an answer', () => {
  it('is built from lines that are split anywhere', () => {
    const lines = new LineSplitter();
    const turn = newTurn(1, 'How hot?');
    const step = { type: 'step', tool: 'history', about: 'pump', found: '', ok: true };
    const rule = { type: 'rule', words: 'warn me when it is above 90' };
    const done = { type: 'done', provider: 'openai', model: 'm', generative: true };
    const text = [
      step,
      { type: 'text', text: 'Hot ü ' },
      { type: 'text', text: 'now' },
      { type: 'later' },
      rule,
      done,
    ]
      .map((each) => `${JSON.stringify(each)}\n`)
      .join('');
    for (const letter of text) for (const line of lines.push(letter)) applyLine(turn, line);
    expect(turn.answer).toBe('Hot ü now');
    expect(turn.state).toBe('done');
    expect(turn.writer).toEqual({ provider: 'openai', model: 'm', generative: true });
    expect(extrasOf(turn, 'step')).toEqual([step]);
    expect(extrasOf(turn, 'rule')).toEqual([rule]);
    expect(extrasOf(turn, 'chart')).toEqual([]);
  });

  it('that failed stays failed', () => {
    const turn = newTurn(1, 'How hot?');
    applyLine(turn, '{"type": "error", "message": "It broke off."}');
    applyLine(turn, '{"type": "done", "provider": "p", "model": "m", "generative": false}');
    expect([turn.state, turn.problem]).toEqual(['failed', 'It broke off.']);
  });

  it('that was stopped has no writer', () => {
    const saved = { question: 'q', answer: 'a', at: 1, tokens: 0, extras: [] };
    const writer = { provider: 'p', model: 'm', generative: true };
    expect(restoredTurn(1, { ...saved, writer, stopped: true })).toMatchObject({
      state: 'stopped',
      writer: null,
    });
    expect(restoredTurn(1, { ...saved, writer, stopped: false })).toMatchObject({ state: 'done', writer });
  });
});

describe('an unsupported sentence', () => {
  it('is struck out whatever its spaces', () => {
    const text = 'All is well. It is 12.5 °C (so\nit says). Bye.';
    expect(strikeSentences(text, ['It is 12.5  °C (so it says).'])).toEqual([
      { text: 'All is well. ', struck: false },
      { text: 'It is 12.5 °C (so\nit says).', struck: true },
      { text: ' Bye.', struck: false },
    ]);
  });

  it('leaves a text without it unchanged', () => {
    expect(strikeSentences('a+b', ['c'])).toEqual([{ text: 'a+b', struck: false }]);
    expect(strikeSentences('a+b', [])).toEqual([{ text: 'a+b', struck: false }]);
    expect(strikeSentences('a+b', [' '])).toEqual([{ text: 'a+b', struck: false }]);
  });
});
