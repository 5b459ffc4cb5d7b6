import { describe, expect, it } from 'vitest';
import { isOwnAddress } from './ownAddress';

const HERE = 'http://127.0.0.1:8000';

describe('isOwnAddress', () => {
  it.each(['/d/pump-01', '/alerts?state=open#a', '/d/a%2F%2Fevil.example'])('accepts %j', (href) => {
    expect(isOwnAddress(href, HERE)).toBe(true);
  });

  it.each([
    'https://evil.example/?q=1',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r\\evil.example',
    '\t//evil.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'http:/evil.example',
    'd/pump-01',
    '',
  ])('refuses %j', (href) => {
    expect(isOwnAddress(href, HERE)).toBe(false);
  });
});
