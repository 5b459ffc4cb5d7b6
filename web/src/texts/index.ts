// The texts of the page in its language. Only that language is loaded, before the rest of the page is evaluated.

import type { texts } from './en';
import { PSEUDO, shown, type Language } from './language';

type Same<Text> = Text extends string
  ? string
  : Text extends (...given: infer Given) => string
    ? (...given: Given) => string
    : { readonly [Key in keyof Text]: Same<Text[Key]> };

/** What every catalogue has. */
export type Texts = Same<typeof texts>;

export const CATALOGUES: Record<Language | typeof PSEUDO, () => Promise<{ texts: Texts }>> = {
  en: () => import('./en'),
  de: () => import('./de'),
  es: () => import('./es'),
  [PSEUDO]: () => import('./pseudo'),
};

export let T: Texts;

/** Load the texts of a language and show the page in it. */
export async function loadTexts(code: Language | typeof PSEUDO): Promise<void> {
  shown.set(code);
  ({ texts: T } = await CATALOGUES[code]());
}
