import { describe, expect, it } from 'vitest';
import type { Channel, ChannelKind } from '../api/types';
import { idOf, valuesOf } from './channelForm';

const kind = {
  kind: 'mail',
  title: 'E-mail',
  address: null,
  fields: [
    { name: 'host', type: 'text' },
    { name: 'port', type: 'number', default: 587 },
    { name: 'password', type: 'secret' },
    { name: 'verify', type: 'yes_no', default: true },
  ],
} as unknown as ChannelKind;

describe('form of a channel', () => {
  it('makes an unused id of the name', () => {
    expect(idOf('Ops e-mail!', [])).toBe('ops-e-mail');
    expect(idOf('Ops', [{ id: 'ops' }, { id: 'ops-2' }] as Channel[])).toBe('ops-3');
    expect(idOf('äö', [])).toBe('channel');
  });

  it('leaves out secrets that were not entered, and sends defaults and numbers', () => {
    expect(valuesOf(kind, { host: 'mx', port: '25', verify: false })).toEqual({
      host: 'mx',
      port: 25,
      verify: false,
    });
    expect(valuesOf(kind, { host: 'mx', password: 'x' })).toEqual({
      host: 'mx',
      port: 587,
      password: 'x',
      verify: true,
    });
  });
});
