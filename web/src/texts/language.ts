// The language of the page. The first of these that is set counts: ?lang= in the address, the choice stored in this
// browser, the browser's own language. The language of a profile is stored as that choice (useLanguage), so that the
// next start loads it directly.

export const LANGUAGES = ['en', 'de', 'es'] as const;
export type Language = (typeof LANGUAGES)[number];
/** The pseudo-locale: English with accents, which shows what does not come from a catalogue. */
export const PSEUDO = 'xx';
const KEY = 'language';

const known = (code: string | null | undefined): code is Language =>
  (LANGUAGES as readonly string[]).includes(code ?? '');

/** Return the languages of the browser, most wanted first, such as `de-AT`. */
const wanted = (): readonly string[] => navigator.languages;

/** Return the language chosen in this browser, null without a choice. */
export function chosenLanguage(): Language | null {
  const stored = localStorage.getItem(KEY);
  return known(stored) ? stored : null;
}

/** Return the language of ?lang=, which holds for this tab also on further pages; null without one. */
function requested(): Language | typeof PSEUDO | null {
  const code = new URLSearchParams(location.search).get('lang') ?? sessionStorage.getItem(KEY);
  if (code !== PSEUDO && !known(code)) return null;
  sessionStorage.setItem(KEY, code);
  return code;
}

/** Return the language to load. */
export function startLanguage(): Language | typeof PSEUDO {
  const own = wanted().map((tag) => tag.split('-')[0]);
  return requested() ?? chosenLanguage() ?? own.find(known) ?? 'en';
}

/** The language that is shown, with its forms of numbers, dates and plurals. Set before the first text is read. */
class Shown {
  code: Language | typeof PSEUDO = 'en';
  numbers = 'en';
  dates = 'en-GB';
  plurals = new Intl.PluralRules('en');

  /** German and Spanish follow the browser's region, such as de-CH and es-MX, whose numbers differ. */
  set(code: Language | typeof PSEUDO): void {
    this.code = code;
    const isEnglish = code === 'en' || code === PSEUDO;
    const region = wanted().find((tag) => tag.startsWith(`${code}-`)) ?? code;
    this.numbers = isEnglish ? 'en' : region;
    this.dates = isEnglish ? 'en-GB' : region;
    this.plurals = new Intl.PluralRules(this.numbers);
    document.documentElement.lang = isEnglish ? 'en' : code;
  }
}

export const shown = new Shown();

/** Store the choice of this browser, null for the browser's language. Reload the page if another one is to be shown. */
export function useLanguage(code: string | null): void {
  if (known(code)) localStorage.setItem(KEY, code);
  else localStorage.removeItem(KEY);
  if (chosenLanguage() === (known(code) ? code : null) && startLanguage() !== shown.code) location.reload();
}
