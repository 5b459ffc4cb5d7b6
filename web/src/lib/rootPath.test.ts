import { expect, test } from 'vitest';
import { inner, outer } from './rootPath';

test('paths are as they are without a root path', () => {
  expect(['/', '/alerts', '?q=1'].map((path) => outer(path, ''))).toEqual(['/', '/alerts', '?q=1']);
  expect(['/', '/alerts'].map((path) => inner(path, ''))).toEqual(['/', '/alerts']);
});

test('a root path is added once and removed', () => {
  expect(['/', '/alerts', '/hub/alerts', '/hub', '/hubs', '#x'].map((path) => outer(path, '/hub'))).toEqual([
    '/hub/',
    '/hub/alerts',
    '/hub/alerts',
    '/hub',
    '/hub/hubs',
    '#x',
  ]);
  expect(['/hub', '/hub/', '/hub/d/pump', '/hubs'].map((path) => inner(path, '/hub'))).toEqual([
    '/',
    '/',
    '/d/pump',
    '/hubs',
  ]);
});
