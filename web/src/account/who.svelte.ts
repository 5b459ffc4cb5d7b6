// Who is signed in, and what the role permits. The hub checks every request; the page uses this to leave out what would be refused.

import { get } from '../api/http';
import type { Role, SignIn } from '../api/types';
import { chooseUnits } from '../lib/units';
import { zone } from '../lib/zone.svelte';
import { session } from '../live/session.svelte';
import { useLanguage } from '../texts/language';

export const ROLES: Role[] = ['viewer', 'operator', 'administrator'];

class Who {
  signIn = $state.raw<SignIn | null>(null);

  readonly account = $derived(this.signIn?.account ?? null);

  /** Whether the person sees only some devices, and nothing that concerns the whole hub. */
  readonly limited = $derived(!!this.account?.limits);

  /** Ask the hub again, after signing in or out. An error keeps what is known. */
  async load(): Promise<void> {
    try {
      this.signIn = await get<SignIn>('/api/session');
      const { profile } = this.account ?? {};
      if (this.account) useLanguage(profile?.language ?? null);
      zone.name = profile?.time_zone ?? undefined;
      if (chooseUnits(profile?.units ?? null, profile?.units_of)) session.redraw();
    } catch {
      // The connection's banner tells that the hub cannot be reached.
    }
  }

  /** Whether the person may do what needs `role`. Until the hub has answered, nothing is left out. */
  may(role: Role): boolean {
    const own = this.signIn?.role;
    return !own || ROLES.indexOf(own) >= ROLES.indexOf(role);
  }

  /** Whether a control that needs `role` can be used now: the role permits it, and the hub can be reached. */
  usable(role: Role): boolean {
    return session.link === 'live' && this.may(role);
  }
}

export const who = new Who();
