import { describe, expect, it } from 'vitest';
import { messageRate } from './messageRate';

describe('rate of messages', () => {
  it.each([
    [0, 0, '0 msg/min'],
    [0, 7, '7 msg/min'],
    [0.5, 12, '12 msg/min'],
    [9, 90, '90 msg/min'],
    [12, 720, '12 msg/s'],
    [0, 6000, '100 msg/s'],
    [5000, 10_000, '5,000 msg/s'],
  ])('of %d a second and %d in the last minute is %s', (rate, last_minute, expected) => {
    expect(messageRate({ rate, last_minute }).join(' ')).toBe(expected);
  });
});
