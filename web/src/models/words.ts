// Usage and cost of models as text.

import type { Models } from '../api/types';
import { integer, number } from '../lib/format';
import { T } from '../texts';

export function cost({ calls, tokens, money }: Models['spent']): string {
  if (!calls) return T.models.unused;
  const parts = [T.models.calls(calls, integer(calls)), T.models.tokens(tokens, integer(tokens))];
  if (money) parts.push(T.models.money(number(money)));
  return parts.join(' · ');
}

/** Return null for an empty field. */
export const orNull = (text: string): string | null => text.trim() || null;
export const numberOrNull = (text: string | number | null): number | null =>
  text === null || text === '' ? null : Number(text);
