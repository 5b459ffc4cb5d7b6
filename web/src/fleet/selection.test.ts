import { expect, it } from 'vitest';
import { fleet } from '../live/session.svelte';
import { Selection } from './selection.svelte';

it('all rows can be selected beside devices that the filter hides, up to a limit', () => {
  const count = 1200;
  for (let row = 0; row < count; row++) fleet.id[row] = `d${row}`;
  const rows = (from: number, to: number): Int32Array =>
    Int32Array.from({ length: to - from }, (_, k) => from + k);
  const selection = new Selection();
  selection.all(rows(0, 20));
  const filtered = rows(20, 25); // fewer than are selected
  expect([selection.lacks(filtered), selection.isFull]).toEqual([true, false]);
  selection.all(filtered);
  expect([selection.lacks(filtered), selection.ids.size]).toEqual([false, 25]);
  const every = rows(0, count);
  selection.all(every);
  expect([selection.ids.size, selection.isFull, selection.lacks(every)]).toEqual([1000, true, true]);
  fleet.id.length = 0;
});
