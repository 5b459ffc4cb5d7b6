import { describe, expect, it } from 'vitest';
import type { Area } from '../api/types';
import { rowsOf, within } from './tree';

const area = (id: string, parent: string | null = null): Area => ({
  id,
  name: id,
  parent,
  order: 0,
  devices: 0,
});
const AREAS = [area('north'), area('hall', 'north'), area('line', 'hall'), area('south')];

describe('tree of areas', () => {
  it('gives each area its depth', () => {
    expect(rowsOf(AREAS).map(({ depth }) => depth)).toEqual([0, 1, 2, 0]);
    expect(rowsOf([area('a', 'missing')])[0]!.depth).toBe(0);
  });

  it('finds all areas inside one', () => {
    expect([...within(AREAS, 'north')]).toEqual(['north', 'hall', 'line']);
    expect([...within(AREAS, 'south')]).toEqual(['south']);
  });
});
