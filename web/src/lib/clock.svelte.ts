// A clock that ticks every second, for relative times; it stops while the tab is hidden.

import { session } from '../live/session.svelte';

class Clock {
  /** Epoch ms on the hub's clock, at most a second old. */
  now = $state(Date.now());

  start(): void {
    setInterval(() => {
      if (!document.hidden) this.now = session.hubNow();
    }, 1000);
    document.addEventListener('visibilitychange', () => (this.now = session.hubNow()));
  }
}

export const clock = new Clock();
