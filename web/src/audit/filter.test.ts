import { expect, test } from 'vitest';
import { filterOf, localTime } from './filter';

test('times of the address become milliseconds that include the last minute', () => {
  const found = filterOf(new URLSearchParams('from=2026-03-01T10:00&to=2026-03-01T10:00&kind=ai&nonsense=1'));
  expect(Number(found.get('to')) - Number(found.get('from'))).toBe(59_999);
  expect([...found.keys()]).toEqual(['kind', 'from', 'to']);
});

test('what is not a time is left out', () => {
  expect(filterOf(new URLSearchParams('from=yesterday&q=')).toString()).toBe('');
  expect(localTime('yesterday')).toBe('');
});
