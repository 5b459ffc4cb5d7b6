// The form of a channel: its id, and the values that are sent.

import type { Channel, ChannelField, ChannelKind } from '../api/types';

/** Types of fields whose stored values the hub does not return. */
export const SECRET: ReadonlySet<ChannelField['type']> = new Set(['secret', 'secret_url']);

/** Return an unused id made of a name. */
export function idOf(name: string, channels: Channel[]): string {
  const base =
    name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 24) || 'channel';
  const used = new Set(channels.map((each) => each.id));
  let id = base;
  for (let number = 2; used.has(id); number++) id = `${base}-${number}`;
  return id;
}

/** Return the values to send: a secret that was not entered is left out, so that the hub keeps the stored one. */
export function valuesOf(
  kind: ChannelKind,
  entered: Record<string, string | number | boolean>,
): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const field of kind.fields) {
    const value = entered[field.name] ?? (SECRET.has(field.type) ? '' : field.default);
    if (value === undefined || value === null || value === '') continue;
    found[field.name] = field.type === 'number' ? Number(value) : value;
  }
  return found;
}
