// Passkeys in the browser (WebAuthn): whether it offers them here, and the two ceremonies.

import { get, post } from '../api/http';
import type { Passkey } from '../api/types';
import { T } from '../texts';

type Options<O> = { options: O };

/** Return why this page cannot use passkeys, or an empty text. */
export function unavailable(place: Pick<Location, 'hostname' | 'port'> = location): string {
  if (/^[\d.]+$|^\[/.test(place.hostname)) {
    const isOwn = place.hostname.startsWith('127.') || place.hostname === '[::1]';
    return isOwn ? T.passkeys.openLocalhost(place.port) : T.passkeys.needsName;
  }
  if (!window.isSecureContext) return T.passkeys.needsHttps;
  const offered =
    typeof PublicKeyCredential !== 'undefined' && 'parseRequestOptionsFromJSON' in PublicKeyCredential;
  return offered ? '' : T.passkeys.notOffered;
}

/** Have the device make a passkey, and register it under a name. */
export async function addPasskey(name: string): Promise<void> {
  const asked = await post<Options<PublicKeyCredentialCreationOptionsJSON>>(
    '/api/account/passkeys/challenge',
    {},
  );
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(asked.options);
  const made = await ask(() => navigator.credentials.create({ publicKey }));
  await post('/api/account/passkeys', { name, credential: made });
}

/** Sign in with a passkey that the person chooses. */
export async function signInWithPasskey(): Promise<void> {
  const asked = await post<Options<PublicKeyCredentialRequestOptionsJSON>>('/login/passkey/challenge', {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(asked.options);
  const signed = await ask(() => navigator.credentials.get({ publicKey }));
  await post('/login/passkey', { credential: signed });
}

export const ownPasskeys = (): Promise<Passkey[]> =>
  get<{ items: Passkey[] }>('/api/account/passkeys').then((found) => found.items);

/** Return what the device answers, as JSON. The browsers' own messages name the specification: say it in words. */
async function ask(work: () => Promise<Credential | null>): Promise<unknown> {
  try {
    return ((await work()) as PublicKeyCredential).toJSON();
  } catch (error) {
    const known =
      (error as DOMException).name === 'InvalidStateError' ? T.passkeys.known : T.passkeys.cancelled;
    throw new Error(known, { cause: error });
  }
}
