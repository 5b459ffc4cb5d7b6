import { expect, it } from 'vitest';
import { isHome } from './startPage.svelte';

const many = (count: number, dialect: string): string[] => Array<string>(count).fill(dialect);

it('finds a home by the dialects of a few devices', () => {
  expect(isHome(many(12, 'zigbee2mqtt'))).toBe(true);
  expect(isHome([...many(30, 'shelly'), ...many(30, 'native')])).toBe(true);
  expect(isHome([...many(4, 'homeassistant'), ...many(5, 'native')])).toBe(false);
  expect(isHome(many(61, 'tasmota'))).toBe(false);
  expect(isHome(many(8, 'sparkplug'))).toBe(false);
  expect(isHome([])).toBe(false);
});
