// Match and author of a diagnosis. Pure.

import type { Diagnosis, Match } from '../api/types';
import { T } from '../texts';

/** Return the match; if it is missing, derive it from the ranked causes or the confidence. */
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
