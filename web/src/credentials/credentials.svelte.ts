// Requests that change broker credentials, and a counter that makes lists reload.

import { json } from '../api/http';

class CredentialsBook {
  changes = $state(0);

  /** Revoke a credential. Return whether the broker was notified. */
  async revoke(name: string): Promise<boolean> {
    const { told } = await json<{ told: boolean }>(`/api/credentials/${encodeURIComponent(name)}`, { method: 'DELETE' });
    this.changes++;
    return told;
  } // prettier-ignore
}

export const credentials = new CredentialsBook();
