// Plural forms by the rules of the page's language.

import { shown } from './language';

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Return the form for `count`, such as `device` for 1 and `devices` for 2. */
export const plural = (count: number, forms: Forms): string =>
  forms[shown.plurals.select(count)] ?? forms.other;
