// REST client of the hub: JSON in and out, errors as `HubError` with the hub's message, and one listener for
// status 401.

import { outer } from '../lib/rootPath';
import { T } from '../texts';

export class HubError extends Error {
  readonly status: number;
  readonly hint: string | null;

  constructor(status: number, message: string, hint: string | null = null) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

let onUnauthorized: () => void = () => undefined;

/** Call `listener` whenever the hub answers 401. */
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

/** Return the hub's message from any of its error formats, otherwise a general one. */
function explain(status: number, body: unknown): HubError {
  if (body && typeof body === 'object') {
    const { error, detail } = body as { error?: unknown; detail?: unknown };
    if (typeof error === 'string') return new HubError(status, error);
    if (error && typeof error === 'object') {
      const { message, hint } = error as { message?: string; hint?: string | null };
      if (message) return new HubError(status, message, hint ?? null);
    }
    if (typeof detail === 'string') return new HubError(status, detail);
  }
  return new HubError(status, T.errors.status(status));
}

/** Send a request and return the raw response. Throws `HubError` for any status outside 2xx, and with status 0 for no answer. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(outer(path), { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new HubError(0, T.errors.unreachable);
  }
  if (response.ok) return response;
  if (response.status === 401) onUnauthorized();
  throw explain(response.status, await response.json().catch(() => null));
}

export async function json<R>(path: string, init?: RequestInit): Promise<R> {
  const response = await send(path, init);
  return (response.status === 204 ? undefined : await response.json()) as R;
}

function withBody(method: string, body: unknown): RequestInit {
  return { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

export const get = <R>(path: string, signal?: AbortSignal): Promise<R> => json<R>(path, { signal });
export const post = <R>(path: string, body: unknown, signal?: AbortSignal): Promise<R> =>
  json<R>(path, { ...withBody('POST', body), signal });
export const put = <R>(path: string, body: unknown): Promise<R> => json<R>(path, withBody('PUT', body));
export const patch = <R>(path: string, body: unknown): Promise<R> => json<R>(path, withBody('PATCH', body));
export const remove = <R = undefined>(path: string): Promise<R> => json<R>(path, { method: 'DELETE' });
