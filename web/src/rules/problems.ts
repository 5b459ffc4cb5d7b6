// Validate the fields of a rule as the hub does. Pure.

import { T } from '../texts';
import type { RuleForm } from './form';

export type Problems = Partial<Record<keyof RuleForm, string>>;

const P = T.rules.problems;
const NUMBER = /^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const DURATION = /^\d{1,12}(\.\d{1,6})?\s*(ms|s|m|min|h|d)$/;
const ID = /^[A-Za-z0-9._-]{1,64}$/;

const isDuration = (text: string): boolean => DURATION.test(text) || NUMBER.test(text);

/** Return the problem of each field; empty if the fields are valid. */
export function problemsOf(form: RuleForm, taken: ReadonlySet<string>): Problems {
  const found: Problems = {};
  const at = (field: keyof RuleForm): string => String(form[field]).trim();
  const need = (field: keyof RuleForm): boolean => {
    if (!at(field)) found[field] = P.required;
    return !!at(field);
  };
  const number = (field: keyof RuleForm): void => {
    if (!NUMBER.test(at(field))) found[field] = P.number;
  };
  const duration = (field: keyof RuleForm): void => {
    if (!isDuration(at(field))) found[field] = P.duration;
  };
  need('name');
  if (need('id')) {
    if (!ID.test(at('id'))) found.id = P.id;
    else if (taken.has(at('id'))) found.id = P.taken;
  }
  if (form.when === 'no_data') {
    if (need('silence')) duration('silence');
    return found;
  }
  need('metric');
  for (const field of ['for', 'clear_for'] as const) if (at(field)) duration(field);
  if (form.when === 'equals') need('value');
  else if (form.when === 'rate') {
    if (need('by')) number('by');
    if (!found.by && Number(at('by')) <= 0) found.by = P.positive;
    if (need('within')) duration('within');
  } else {
    if (need('limit')) number('limit');
    if (at('clear')) number('clear');
    if (at('clear') && !found.limit && !found.clear) {
      const beyond = Number(at('clear')) - Number(at('limit'));
      if (form.when === 'above' ? beyond > 0 : beyond < 0) found.clear = P.clear[form.when](at('limit'));
    }
  }
  return found;
}
