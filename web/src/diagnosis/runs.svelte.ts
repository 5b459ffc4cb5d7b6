// Diagnoses while they are written: what has been looked at, the words so far, each claim with its verdict. Several
// components may follow one run; the hub is asked once, and again after the line was cut.

import type { Step, Writer } from '../api/types';
import { session } from '../live/session.svelte';

export interface ToldClaim {
  text: string;
  evidence: string[];
  supported: boolean;
}

/** One text while it is written. */
export class Run {
  /** Who writes; null until somebody does. */
  writer = $state.raw<Writer | null>(null);
  text = $state('');
  steps = $state.raw<string[]>([]);
  claims = $state.raw<ToldClaim[]>([]);
  /** Why a writer before this one stopped. */
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

/** The run of that id, and how to stop following it. */
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
