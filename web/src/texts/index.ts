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

export type Params = Record<string, unknown>;

/** Functions that write a message of the hub from its key and parameters; null for one that they do not know. */
export type HubMessages = Record<
  'alert' | 'rule' | 'activity' | 'staysOpen' | 'cause' | 'component',
  (key: string, params: Params, text: string) => string | null
>;

interface Catalogue {
  texts: Texts;
  /** Messages that it does not write are shown in the hub's own text, which is in English. */
  hub?: HubMessages;
}

export const CATALOGUES: Record<Language | typeof PSEUDO, () => Promise<Catalogue>> = {
  en: () => import('./en'),
  de: () => import('./de'),
  es: () => import('./es'),
  [PSEUDO]: () => import('./pseudo'),
};

export let T: Texts;
let hub: HubMessages | undefined;

/** Load the texts of a language and show the page in it. */
export async function loadTexts(code: Language | typeof PSEUDO): Promise<void> {
  shown.set(code);
  ({ texts: T, hub } = await CATALOGUES[code]());
}

/** Return a message of the hub in the language of the page, or its English `text` if that is not possible. */
export function hubText(
  kind: keyof HubMessages,
  text: string,
  key: string | null | undefined,
  params: Params | undefined,
): string {
  if (!hub || !key || !params) return text;
  try {
    return hub[kind](key, params, text) ?? text;
  } catch {
    return text; // an older message may have other parameters
  }
}

/** Return the title of a cause in the language of the page. A cause of the user's own table keeps its title. */
export const causeTitle = (title: string): string => hubText('cause', title, title, {});

/** Return the component of a cause in the language of the page. */
export const componentName = (name: string): string => hubText('component', name, name, {});
