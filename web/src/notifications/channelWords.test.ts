import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadTexts } from '../texts';
import { channelName, channelTarget } from './channelWords';

beforeEach(() => loadTexts('de'));
afterEach(() => loadTexts('en'));

it('names of channels are translated if they are those of their kind', () => {
  expect(channelName({ kind: 'webpush', name: 'Browser push' })).toBe('Push an Browser');
  expect(channelName({ kind: 'mail', name: 'E-mail' })).toBe('E-Mail');
  expect(channelName({ kind: 'ntfy', name: 'Security' })).toBe('Security');
  expect(channelName({ kind: 'ntfy', name: 'E-mail' })).toBe('E-mail');
});

it('the address of push messages is in words, others are as they are', () => {
  expect(channelTarget({ kind: 'webpush', target: 'browsers' })).toBe('Browser');
  expect(channelTarget({ kind: 'ntfy', target: 'Security' })).toBe('Security');
});
