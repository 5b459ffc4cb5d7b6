// Send a command to a device.

import { send } from '../api/http';
import type { Command } from '../api/types';

/** Return the command as accepted by the hub. Throws HubError if it is refused. */
export async function sendCommand(device: string, name: string, value: unknown): Promise<Command> {
  const answer = await send(`/api/devices/${encodeURIComponent(device)}/commands`, {
    method: 'POST',
    // One click is one command, even if the request is repeated.
    headers: {
      'content-type': 'application/json',
      'idempotency-key': crypto.getRandomValues(new Uint32Array(4)).join('-'),
    },
    body: JSON.stringify({ name, value }),
  });
  return (await answer.json()) as Command;
}
