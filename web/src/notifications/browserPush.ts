// Subscribe this browser to push messages.

import { outer } from '../lib/rootPath';

export const PUSH_CHANNEL = 'webpush';

/** Return whether this browser can receive push messages here: they need HTTPS or localhost. */
export const canSubscribe = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window;

const bytes = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64.replace(/-/g, '+').replace(/_/g, '/')), (each) => each.charCodeAt(0));

/** Ask for permission, subscribe, and return the subscription as an address. Throws if it is refused. */
export async function subscribe(key: string, denied: string): Promise<string> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Error(denied);
  await navigator.serviceWorker.register(outer('/sw.js'));
  const registration = await navigator.serviceWorker.ready;
  const found = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytes(key),
  });
  const { endpoint, keys } = found.toJSON();
  return JSON.stringify({ endpoint, keys });
}
