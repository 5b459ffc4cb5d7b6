import { expect, it } from 'vitest';
import vectors from '../../../tests/vectors/message_keys.json';
import { MESSAGE_KEYS } from './messageKeys';

it('knows every key of a message that the hub can send', () => {
  expect(MESSAGE_KEYS).toEqual(vectors);
});
