// Sign in with the hub's OpenID provider, and what the hub says when it sends the person back.

import { post } from '../api/http';
import { T } from '../texts';

/** Open the provider's page; `path` says what for. */
export async function openProvider(path: '/login/openid' | '/api/account/openid'): Promise<void> {
  location.assign((await post<{ url: string }>(path, {})).url);
}

/** Return why signing in with the provider failed, and remove it from the address. */
export function takeProblem(): string {
  const reason = new URLSearchParams(location.search).get('sign_in');
  if (reason === null) return '';
  history.replaceState(history.state, '', location.pathname);
  return T.login.problems[reason] ?? T.login.problems.failed!;
}
