// Diagnoses while they are written: lookups, the text so far, each claim with its verdict. Several components can follow one
// run with one subscription, which is renewed after a reconnect.

import type { Step, Writer } from '../api/types';
import { session } from '../live/session.svelte';

export interface ToldClaim {
  text: string;
  evidence: string[];
  supported: boolean;
}

/** A text while it is written. */
export class Run {
  /** The writer; null until one starts. */
  writer = $state.raw<Writer | null>(null);
  text = $state('');
  steps = $state.raw<string[]>([]);
  claims = $state.raw<ToldClaim[]>([]);
  /** Why a previous writer stopped. */
  problem = $state('');

  reset(): void {
    this.writer = null;
    this.text = this.problem = '';
    this.steps = [];
    this.claims = [];
  }

  take(step: Step): void {
    if (step.op === 'tool') this.steps = [...this.steps, step.text ?? ''];
    else if (step.op === 'text') this.text += step.text ?? '';
    else if (step.op === 'error') this.problem = step.text ?? '';
    else if (step.op === 'cite') {
      const claim = {
        text: step.text ?? '',
        evidence: step.evidence ?? [],
        supported: step.supported ?? false,
      };
      this.claims = [...this.claims, claim];
    } else if (step.op === 'start') {
      this.writer = step.writer ?? null;
      this.text = '';
      this.claims = [];
    }
  }
}

const followed = new Map<string, { run: Run; users: number; stop: () => void }>();

/** Return the run of that id, and a function to stop following it. */
export function follow(id: string): { run: Run; stop: () => void } {
  let entry = followed.get(id);
  if (!entry) {
    const run = new Run();
    const stop = session.follow(id, { reset: () => run.reset(), take: (step) => run.take(step) });
    followed.set(id, (entry = { run, users: 0, stop }));
  }
  const mine = entry;
  mine.users++;
  let done = false;
  return {
    run: mine.run,
    stop: () => {
      if (done) return;
      done = true;
      if (--mine.users) return;
      mine.stop();
      followed.delete(id);
    },
  };
}
