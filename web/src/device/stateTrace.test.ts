import { describe, expect, it } from 'vitest';
import type { Point } from '../api/types';
import { appendState, heldUntil, States, stateText, stateTraceOf } from './stateTrace';

const answer = (points: Point[], gaps: [number, number][] = []) => ({ points, gaps, marks: [], unit: null });
const DOOR: Point[] = [[0, true], [60_000, false], [90_000, true]]; // prettier-ignore

describe('a chart of states', () => {
  it('steps between the words of its class, closed below and open above', () => {
    const states = new States('door', [true, false]);
    const trace = stateTraceOf(answer(DOOR), states, 0);
    expect(states.words).toEqual(['Closed', 'Open']);
    expect([trace.ts, trace.mean]).toEqual([[0, 60, 90], [1, 0, 1]]); // prettier-ignore
    expect(stateText(trace, states, 1)).toBe('Closed');
  });

  it('begins with the state before the range', () => {
    expect(stateTraceOf(answer(DOOR), new States('door', [true]), 30_000).ts).toEqual([30, 60, 90]);
  });

  it('shows the share of readings in which both states occurred', () => {
    const states = new States('door', [true]);
    const trace = stateTraceOf(answer([[0, 0, 0.25, 1, 60], [60_000, true]]), states, 0); // prettier-ignore
    expect([trace.mean, trace.low, trace.high]).toEqual([[null, 1], [0, 1], [1, 1]]); // prettier-ignore
    expect(stateText(trace, states, 0).replaceAll('\u00a0', ' ')).toBe('Open in 25 % of readings');
  });

  it('has no line over a silence, and goes on after it', () => {
    const trace = stateTraceOf(answer([[0, true], [100_000, true]], [[20_000, 80_000]]), new States(null, [true]), 0); // prettier-ignore
    expect(trace.ts).toEqual([0, 20, 20.001, 80, 100]);
    expect(trace.mean).toEqual([1, 1, null, 1, 1]);
  });

  it('takes words as they are, and on and off in words as a pair', () => {
    expect(new States(null, ['manual', 'auto', 'manual']).words).toEqual(['auto', 'manual']);
    expect(new States('moisture', ['ON']).words).toEqual(['Dry', 'Wet']);
    expect(new States(null, [0, 1]).words).toEqual(['Off', 'On']);
  });

  it('shows numbers among texts as numbers', () => {
    const states = new States(null, [71.5, 'seventy', 1]);
    expect([states.word(71.5), states.word('seventy'), states.word(1)]).toEqual(['71.5', 'seventy', 'On']);
    expect(new States(null, [71.5, 'seventy']).words).toEqual(['71.5', 'seventy']);
  });

  it('is carried on live, and held until now', () => {
    const states = new States(null, ['auto', 'manual']);
    const trace = stateTraceOf(answer([[0, 'auto'], [5000, 'manual']]), states, 0); // prettier-ignore
    expect(appendState(trace, states, 7000, 'manual', 0)).toBe(false);
    expect(trace.ts).toEqual([0, 5]);
    expect(appendState(trace, states, 8000, 'fault', 6000)).toBe(true);
    expect([trace.ts, trace.mean]).toEqual([[5, 8], [1, 2]]); // prettier-ignore
    expect(heldUntil(trace, 20_000).mean).toEqual([1, 2, 2]);
  });
});
