// Plural forms by the rules of the dashboard's language.

type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

const rules = new Intl.PluralRules('en');

/** Return the form for `count`, such as `device` for 1 and `devices` for 2. */
export const plural = (count: number, forms: Forms): string => forms[rules.select(count)] ?? forms.other;
