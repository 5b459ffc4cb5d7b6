// What a diagnosis is called in words: its match, its author. Pure.

import type { Diagnosis, Match } from '../api/types';
import { T } from '../texts';

/** The rule's match as a word; without one it follows from the ranked list or the figure. */
export function matchOf(diagnosis: Diagnosis): Match {
  if (diagnosis.match) return diagnosis.match;
  const first = diagnosis.causes?.find((each) => each.cause === diagnosis.cause) ?? diagnosis.causes?.[0];
  if (first) return first.match;
  return diagnosis.confidence >= 0.7 ? 'strong' : diagnosis.confidence >= 0.4 ? 'medium' : 'weak';
}

export function author(diagnosis: Diagnosis): string {
  const { generative, provider, model } = diagnosis.generated_by;
  return generative ? `${model} · ${provider}` : T.diagnosis.builtin;
}

export function authorLong(diagnosis: Diagnosis): string {
  const { generative, provider, model } = diagnosis.generated_by;
  return generative ? T.diagnosis.model(provider, model) : T.diagnosis.builtinLong;
}
