import { expect, it } from 'vitest';
import { dump } from './hex';

it('bytes are shown sixteen a line, with what is printable', () => {
  expect(dump('')).toBe('');
  expect(dump('00417eff')).toBe(`0000  00 41 7e ff${' '.repeat(36)}  ·A~·`);
  expect(dump('20'.repeat(17)).split('\n')[1]).toMatch(/^0010 {2}20 {48}$/);
});
