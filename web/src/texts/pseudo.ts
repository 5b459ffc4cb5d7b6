// The pseudo-locale: each text in English with accents on its letters. Letters without accents on the page are either
// data or a text that is missing in the catalogues.

import type { HubMessages, Texts } from '.';
import { texts as english } from './en';

const PLAIN = 'AaCcEeGgIiNnOoSsUuYyZz';
const ACCENTED = 'ÁáÇçÉéĞğÍíÑñÓóŠšÚúÝýŽž';

/** Return the text with accents, except in `kept`: the values that were put into it. */
export function accented(text: string, kept: readonly string[] = []): string {
  const value = [...kept].sort((a, b) => b.length - a.length).find((each) => each && text.includes(each));
  if (value === undefined)
    return text.replace(/[a-z]/gi, (letter) => ACCENTED[PLAIN.indexOf(letter)] ?? letter);
  return text
    .split(value)
    .map((part) =>
      accented(
        part,
        kept.filter((each) => each !== value),
      ),
    )
    .join(value);
}

function pseudo(value: unknown): unknown {
  if (typeof value === 'string') return accented(value);
  if (typeof value === 'function')
    return (...given: unknown[]) => {
      const made: unknown = value(...given);
      return typeof made === 'string'
        ? accented(
            made,
            given.filter((each) => typeof each === 'string'),
          )
        : made;
    };
  if (Array.isArray(value)) return value.map(pseudo);
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pseudo(each)]));
  return value;
}

/** Return the texts in a value, such as the names in the parameters of a message. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : [];
}

const marked = (_key: string, params: unknown, text: string): string => accented(text, textsIn(params));
export const hub: HubMessages = {
  alert: marked,
  rule: marked,
  activity: marked,
  staysOpen: marked,
  cause: marked,
  component: marked,
};
export const texts = pseudo(english) as Texts;
