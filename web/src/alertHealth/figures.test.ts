import { expect, it } from 'vitest';
import { isCounted, shown } from './figures';

it('shows no share of the most frequent sources if there are too few sources', () => {
  expect([isCounted('from_top', 0), shown('from_top', 0)]).toEqual([false, '–']);
  expect([isCounted('from_top', 0.05), shown('from_top', 0.05)]).toEqual([true, '5.0\u00a0%']);
  expect([isCounted('in_flood', 0), shown('in_flood', 0)]).toEqual([true, '0\u00a0%']);
});
