import { describe, expect, it } from 'vitest';
import { blocksOf } from './stateBlocks';

const answer = (points: [number, boolean | string][], gaps: [number, number][] = []) => ({
  points,
  gaps,
  marks: [],
  unit: null,
});

describe('blocks of states', () => {
  it('last until the next state, the newest until now, and join equal states', () => {
    const points: [number, boolean][] = [[1000, true], [2000, true], [4000, false]]; // prettier-ignore
    expect(blocksOf(answer(points), 'door', 0, 9000)).toEqual([
      { from: 1000, to: 4000, text: 'Open', place: 1 },
      { from: 4000, to: 9000, text: 'Closed', place: 0 },
    ]);
  });

  it('leave gaps empty', () => {
    const found = blocksOf(answer([[1000, 'run'], [6000, 'run']], [[2000, 6000]]), null, 0, 7000); // prettier-ignore
    expect(found.map(({ from, to }) => [from, to])).toEqual([
      [1000, 2001], // a gap begins a millisecond after its start
      [6000, 7000],
    ]);
  });

  it('are none for a device without readings', () => {
    expect(blocksOf(answer([]), null, 0, 1000)).toEqual([]);
  });
});
