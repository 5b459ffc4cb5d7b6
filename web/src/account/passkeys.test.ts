import { afterEach, expect, test, vi } from 'vitest';
import { T } from '../texts';
import { unavailable } from './passkeys';

afterEach(() => vi.unstubAllGlobals());

function page(
  isSecureContext: boolean,
  credentials: object | undefined = { parseRequestOptionsFromJSON: () => 0 },
) {
  vi.stubGlobal('window', { isSecureContext });
  vi.stubGlobal('PublicKeyCredential', credentials);
}

test('passkeys are offered on HTTPS and localhost only, and the reason is said', () => {
  page(true);
  expect(unavailable({ hostname: 'hub.example', port: '' })).toBe('');
  expect(unavailable({ hostname: '127.0.0.1', port: '8000' })).toContain('http://localhost:8000');
  expect(unavailable({ hostname: '192.0.2.1', port: '' })).toBe(T.passkeys.needsName);
  expect(unavailable({ hostname: '[2001:db8::1]', port: '' })).toBe(T.passkeys.needsName);
  page(false);
  expect(unavailable({ hostname: 'hub.example', port: '' })).toBe(T.passkeys.needsHttps);
  page(true, {});
  expect(unavailable({ hostname: 'hub.example', port: '' })).toBe(T.passkeys.notOffered);
});
