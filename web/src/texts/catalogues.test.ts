// Checks of the catalogues: each language has the keys and parameters of English, each key is used, and nothing is left in
// English.

import { afterAll, describe, expect, it } from 'vitest';
import { CATALOGUES } from '.';
import { texts as english } from './en';
import { LANGUAGES, shown, type Language } from './language';
import { accented } from './pseudo';

type Leaf = string | ((...given: unknown[]) => string);
const OTHERS = LANGUAGES.filter((code) => code !== 'en');
const sources = Object.values(
  import.meta.glob<string>(['../**/*.svelte', '../**/*.ts', '!../**/*.test.ts', '!./**'], {
    query: '?raw',
    import: 'default',
    eager: true,
  }),
).join('\n');

/** Return the texts of a catalogue by their path, such as `alerts.dialog.mute.title`. */
function leaves(node: unknown, path = ''): Map<string, Leaf> {
  if (typeof node === 'string' || typeof node === 'function') return new Map([[path, node as Leaf]]);
  const parts = Object.entries(node as object).flatMap(([key, each]) => [
    ...leaves(each, path ? `${path}.${key}` : key),
  ]);
  return new Map(parts);
}

/** Arguments by which a function shows which of them are in its text. */
const ARGUMENTS: [string, (index: number) => unknown][] = [
  ['words', (index) => `«${index}»`],
  ['numbers', (index) => 31 + index],
  ['one', () => 1],
];

/** Return what a text says of its parameters: for each list of arguments, those that are in it. */
function parameters(text: Leaf): string[] {
  if (typeof text === 'string') return [];
  return ARGUMENTS.map(([name, make]) => {
    const given = Array.from({ length: Math.max(text.length, 1) }, (_, index) => make(index));
    let made: string;
    try {
      made = text(...given);
    } catch {
      return `${name}: refused`;
    }
    const shownOnes = given.map((each, index) => (made.includes(String(each)) ? index : '')).join(' ');
    return name === 'one' ? '' : `${name}: ${shownOnes}`;
  });
}

const withWords = (text: Leaf, count: number): boolean =>
  typeof text === 'string' && (text.match(/\p{L}{2,}/gu)?.length ?? 0) >= count;

const used = new Set(
  [...sources.matchAll(/\bT((?:\s*\??\.\s*\w+)+)/g)].map(([, path]) => path!.replace(/[\s?]/g, '').slice(1)),
);
/** Sections that a file gives a short name, with these names, as in `const P = T.profile`. */
const aliases = new Map<string, string[]>();
for (const [, name, path] of sources.matchAll(/(\w+)(?::[^=;]+)? =\s*(?:\$derived\()?T((?:\.\w+)+)[;,)\n]/g))
  aliases.set(path!.slice(1), [...(aliases.get(path!.slice(1)) ?? []), name!]);

const found = (pattern: RegExp): Set<string> =>
  new Set([...sources.matchAll(pattern)].map(([, name]) => name!));
/** Names of objects that are read by index, keys that are read as a whole, and keys that are named. */
const indexed = found(/\b(\w+)\[/g);
const wholes = found(/\.(\w+)\b(?![.?])/g);
const named = found(/[.'"](\w+)\b/g);

/** Whether a source names the text: by its path, or by its keys after the short name of its section. */
function isUsed(path: string): boolean {
  if (used.has(path)) return true;
  const keys = path.split('.');
  return keys.slice(0, -1).some((_, index) => {
    const section = keys.slice(0, index + 1).join('.');
    if (!used.has(section)) return false;
    const names = aliases.get(section);
    if (!names || names.some((name) => indexed.has(name))) return true; // T.section[key] or an argument
    const inner = keys.slice(index + 1);
    return inner.some((key, at) => (at < inner.length - 1 ? wholes : named).has(key));
  });
}

describe('English', () => {
  it('has no text that no page uses', () => {
    expect([...leaves(english).keys()].filter((path) => !isUsed(path))).toEqual([]);
  });
});

describe.each(OTHERS)('%s', (code: Language) => {
  afterAll(() => shown.set('en'));
  const expected = leaves(english);

  it('has the keys of English', async () => {
    const { texts } = await CATALOGUES[code]();
    expect([...leaves(texts).keys()].sort()).toEqual([...expected.keys()].sort());
  });

  it('shows the parameters that English shows', async () => {
    const found = leaves((await CATALOGUES[code]()).texts);
    for (const [path, text] of expected) {
      shown.set('en');
      const own = parameters(text);
      shown.set(code);
      expect([path, ...parameters(found.get(path)!)]).toEqual([path, ...own]);
    }
  });

  it('has no sentence in English', async () => {
    const found = leaves((await CATALOGUES[code]()).texts);
    expect(
      [...expected].filter(
        ([path, text]) => withWords(text, 3) && String(text).includes(' ') && found.get(path) === text,
      ),
    ).toEqual([]);
  });
});

describe('a date in a sentence', () => {
  it.each([
    ['de', 'wurde am 1. Dez. 2026'],
    ['es', 'escribió el 1 dic 2026'],
  ] as const)('has its article in %s', async (code, expected) => {
    const { texts } = await CATALOGUES[code]();
    const date = expected.split(' ').slice(2).join(' ');
    expect(texts.diagnosis.ofEarlier(date)).toContain(expected);
    expect(texts.diagnosis.ofOther(date)).toContain(expected);
  });
});

describe('the pseudo-locale', () => {
  it('puts accents on a text, not on the values in it', () => {
    expect(accented('Delete pump 1', ['pump 1'])).toBe('Délété pump 1');
  });

  it('changes every text of English', async () => {
    const { texts } = await CATALOGUES.xx();
    const plain = leaves(english);
    const same = [...leaves(texts)].filter(([path, text]) => text === plain.get(path));
    // No letter of pH has an accent.
    expect(same.filter(([, text]) => withWords(text, 1) && text !== 'pH')).toEqual([]);
  });
});
