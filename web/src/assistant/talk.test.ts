import { describe, expect, it } from 'vitest';
import { begun, extrasOf, Lines, marked, remembered, take } from './talk';

describe('an answer', () => {
  it('is gathered from lines that are cut anywhere', () => {
    const lines = new Lines();
    const turn = begun(1, 'How hot?');
    const step = { type: 'step', tool: 'history', about: 'pump', found: '', ok: true };
    const done = { type: 'done', provider: 'openai', model: 'm', generative: true };
    const text = [
      step,
      { type: 'text', text: 'Hot ü ' },
      { type: 'text', text: 'now' },
      { type: 'later' },
      done,
    ]
      .map((each) => `${JSON.stringify(each)}\n`)
      .join('');
    for (const letter of text) for (const line of lines.push(letter)) take(turn, line);
    expect(turn.answer).toBe('Hot ü now');
    expect(turn.state).toBe('done');
    expect(turn.writer).toEqual({ provider: 'openai', model: 'm', generative: true });
    expect(extrasOf(turn, 'step')).toEqual([step]);
    expect(extrasOf(turn, 'chart')).toEqual([]);
  });

  it('that failed stays failed', () => {
    const turn = begun(1, 'How hot?');
    take(turn, '{"type": "error", "message": "It broke off."}');
    take(turn, '{"type": "done", "provider": "p", "model": "m", "generative": false}');
    expect([turn.state, turn.problem]).toEqual(['failed', 'It broke off.']);
  });

  it('that was left early has no writer', () => {
    const kept = { question: 'q', answer: 'a', at: 1, tokens: 0, extras: [] };
    const writer = { provider: 'p', model: 'm', generative: true };
    expect(remembered(1, { ...kept, writer, stopped: true })).toMatchObject({
      state: 'stopped',
      writer: null,
    });
    expect(remembered(1, { ...kept, writer, stopped: false })).toMatchObject({ state: 'done', writer });
  });
});

describe('a sentence that nothing bears out', () => {
  it('is found in the text whatever the spaces', () => {
    const text = 'All is well. It is 12.5 °C (so\nit says). Bye.';
    expect(marked(text, ['It is 12.5  °C (so it says).'])).toEqual([
      { text: 'All is well. ', struck: false },
      { text: 'It is 12.5 °C (so\nit says).', struck: true },
      { text: ' Bye.', struck: false },
    ]);
  });

  it('leaves a text alone that does not hold it', () => {
    expect(marked('a+b', ['c'])).toEqual([{ text: 'a+b', struck: false }]);
    expect(marked('a+b', [])).toEqual([{ text: 'a+b', struck: false }]);
    expect(marked('a+b', [' '])).toEqual([{ text: 'a+b', struck: false }]);
  });
});
