import { describe, expect, it } from 'vitest';
import { bounds, descriptors, parse, shown, type Descriptor } from './descriptor';

describe('what a person typed', () => {
  const valve: Descriptor = { type: 'number', minimum: 0, maximum: 100, unit: '%' };

  it.each([
    [valve, '40', 40],
    [valve, ' 12,5 ', 12.5],
    [{ type: 'boolean' }, 'false', false],
    [{ type: 'text' }, '7', '7'],
    [{ type: 'none' }, '', null],
    [{ type: 'object' }, '{"x": 1}', { x: 1 }],
  ] as [Descriptor, string, unknown][])('%j takes %s', (wants, typed, value) => {
    expect(parse(wants, typed)).toEqual({ value });
  });

  it.each([
    [valve, '101'],
    [valve, '-1'],
    [valve, ''],
    [valve, 'wide open'],
    [{ type: 'list' }, '[1,'],
  ] as [Descriptor, string][])('%j does not take %s', (wants, typed) => {
    expect(parse(wants, typed).problem).toBeTruthy();
  });
});

describe('a description', () => {
  it('is told by name, and left out where nobody knows its type', () => {
    const told = descriptors({ b10: { type: 'none' }, b9: {}, odd: { type: 'rocket' } });
    expect(told.map(([name, { type }]) => [name, type])).toEqual([
      ['b9', 'text'],
      ['b10', 'none'],
    ]);
  });

  it('tells the bounds that there are', () => {
    expect(bounds({ type: 'number', minimum: 0, maximum: 5, unit: 'bar' })).toBe('0 to 5 bar');
    expect(bounds({ type: 'number', minimum: 2 })).toBe('at least 2');
    expect(bounds({ type: 'number' })).toBe('');
  });

  it('shows a value in words', () => {
    expect([shown(true), shown(40), shown('auto'), shown({ x: 1 }), shown(null)]).toEqual([
      'on',
      '40',
      'auto',
      '{"x":1}',
      '',
    ]);
  });
});
