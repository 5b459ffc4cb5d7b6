import { describe, expect, it } from 'vitest';
import { fromField, toField } from './zonedField';

describe('a time in a field', () => {
  const summer = Date.UTC(2026, 6, 1, 10, 5, 7);
  const winter = Date.UTC(2026, 0, 1, 23, 30, 0);

  it.each([
    ['Europe/Berlin', summer, '2026-07-01T12:05:07'],
    ['Europe/Berlin', winter, '2026-01-02T00:30:00'],
    ['America/St_Johns', summer, '2026-07-01T07:35:07'],
  ])('of %s is read back', (zone, ts, text) => {
    expect(toField(ts, zone)).toBe(text);
    expect(fromField(text, zone)).toBe(ts);
  });

  it('may be without seconds, or empty', () => {
    expect(fromField('2026-07-01T12:05', 'Europe/Berlin')).toBe(Date.UTC(2026, 6, 1, 10, 5));
    expect(fromField('', 'Europe/Berlin')).toBeNaN();
  });
});
