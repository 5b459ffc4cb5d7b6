import { expect, test } from 'vitest';
import type { Rule } from '../api/types';
import { formOf } from '../rules/form';
import { areaNames } from './names.svelte';

const rule = {
  id: 'r', name: 'R', kind: 'threshold', metric: 't', quantity: null, severity: 'warning', for_ms: 0, clear_for_ms: 0,
  scope: { devices: [], models: [], labels: [], areas: ['a-1', 'a-2', 'Nowhere'], via: [] },
  condition: { above: 30, below: null, clear: null }, schedule: [], time_zone: null, text: '', last_fired: null,
} as unknown as Rule; // prettier-ignore

test('forms show the current names of areas, and ids of those whose names have a comma', () => {
  expect(formOf(rule).areas).toBe('a-1, a-2, Nowhere');
  areaNames.use([{ id: 'a-1', name: 'Line 3' }, { id: 'a-2', name: 'Hall, north' }]); // prettier-ignore
  expect(formOf(rule).areas).toBe('Line 3, a-2, Nowhere');
  expect(areaNames.of(['a-1', 'a-2', 'Nowhere'])).toEqual(['Line 3', 'Hall, north', 'Nowhere']);
  areaNames.use([{ id: 'a-1', name: 'Line 3 old' }]);
  expect(formOf(rule).areas).toBe('Line 3 old, a-2, Nowhere');
});
