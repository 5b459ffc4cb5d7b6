// Checks of the catalogues: each text is used, and the pseudo-locale changes each text.

import { describe, expect, it } from 'vitest';
import { CATALOGUES } from '.';
import { texts as english } from './en';
import { accented } from './pseudo';

type Leaf = string | ((...given: unknown[]) => string);
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

const withWords = (text: Leaf, count: number): boolean =>
  typeof text === 'string' && (text.match(/\p{L}{2,}/gu)?.length ?? 0) >= count;

const used = new Set(
  [...sources.matchAll(/\bT((?:\s*\??\.\s*\w+)+)/g)].map(([, path]) => path!.replace(/[\s?]/g, '').slice(1)),
);
/** Sections that a file gives a short name, with these names, as in `const P = T.profile`. */
const aliases = new Map<string, string[]>();
for (const [, name, path] of sources.matchAll(/(\w+)(?::[^=;]+)? =\s*(?:\$derived\()?T((?:\.\w+)+)[;,)\n]/g))
  aliases.set(path!.slice(1), [...(aliases.get(path!.slice(1)) ?? []), name!]);

const isFound = (pattern: string): boolean => new RegExp(pattern).test(sources);

/** Whether a source names the text: by its path, or by its keys after the short name of its section. */
function isUsed(path: string): boolean {
  if (used.has(path)) return true;
  const keys = path.split('.');
  return keys.slice(0, -1).some((_, index) => {
    const section = keys.slice(0, index + 1).join('.');
    if (!used.has(section)) return false;
    const names = aliases.get(section);
    if (!names || names.some((name) => isFound(`\\b${name}\\[`))) return true; // T.section[key] or an argument
    const inner = keys.slice(index + 1);
    return inner.some((key, at) =>
      isFound(at < inner.length - 1 ? `\\.${key}(?![\\w.?])` : `[.'"]${key}\\b`),
    );
  });
}

describe('English', () => {
  it('has no text that no page uses', () => {
    expect([...leaves(english).keys()].filter((path) => !isUsed(path))).toEqual([]);
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
    expect(same.filter(([, text]) => withWords(text, 1))).toEqual([]);
  });
});
