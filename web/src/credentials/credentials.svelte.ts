// Who may connect to the broker, as this page changed it: lists are read again.

import { json } from '../api/http';

class CredentialsBook {
  changes = $state(0);

  /** Void from now on; whether the broker has been told. */
  async revoke(name: string): Promise<boolean> {
    const { told } = await json<{ told: boolean }>(`/api/credentials/${encodeURIComponent(name)}`, { method: 'DELETE' });
    this.changes++;
    return told;
  } // prettier-ignore
}

export const credentials = new CredentialsBook();
