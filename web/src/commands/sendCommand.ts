// Gives a device a command: the one way to it from this page.

import { send } from '../api/http';
import type { Command } from '../api/types';

/** The command as the hub took it in. Throws HubError for one that it refuses. */
export async function sendCommand(device: string, name: string, value: unknown): Promise<Command> {
  const answer = await send(`/api/devices/${encodeURIComponent(device)}/commands`, {
    method: 'POST',
    // One press is one command, however often the request is repeated on the way.
    headers: {
      'content-type': 'application/json',
      'idempotency-key': crypto.getRandomValues(new Uint32Array(4)).join('-'),
    },
    body: JSON.stringify({ name, value }),
  });
  return (await answer.json()) as Command;
}
