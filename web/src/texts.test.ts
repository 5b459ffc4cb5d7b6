// Guards the catalogue: no page says a word of its own.

import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import { GLYPHS } from './ui/icons';
import { T } from './texts';

const sources = import.meta.glob<string>('./**/*.svelte', { query: '?raw', import: 'default', eager: true });
/** What a person reads or hears of an element besides its text. */
const SPOKEN = ['aria-label', 'title', 'placeholder', 'alt'];
/** Two letters together make a word; a name such as `boiler-1` is the same in every language. */
const isWord = (text: string): boolean =>
  /\p{L}{2}/u.test(text) && !/^[a-z]+[\d-][a-z\d-]*$/.test(text.trim());

interface Node {
  type?: string;
  name?: string;
  data?: string;
  [key: string]: unknown;
}

/** The words that a template says without the catalogue. */
function wordsOf(node: unknown, said: string[] = []): string[] {
  if (Array.isArray(node)) for (const each of node) wordsOf(each, said);
  else if (node && typeof node === 'object') {
    const { type, name, data, ...parts } = node as Node;
    if (type === 'Attribute' && !SPOKEN.includes(name!)) return said;
    if (type === 'Text' && isWord(data!)) said.push(data!.trim());
    wordsOf(Object.values(parts), said);
  }
  return said;
}

describe('the catalogue', () => {
  it('is where all templates have their words from', () => {
    const found = Object.entries(sources).map(([file, source]) => [
      file,
      wordsOf(parse(source, { modern: true }).fragment),
    ]);
    expect(found.length).toBeGreaterThan(50);
    expect(found.filter(([, words]) => words!.length)).toEqual([]);
  });

  it('finds a word, and a spoken one', () => {
    const template = '<p class="any name" title="Spoken">Read {it}</p>';
    expect(wordsOf(parse(template, { modern: true }).fragment)).toEqual(['Spoken', 'Read']);
  });
});

describe('a standing', () => {
  it('is told by a shape and a word of its own', () => {
    const shapes = Object.values(GLYPHS);
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(new Set(Object.values(T.standing)).size).toBe(shapes.length);
    expect(Object.keys(T.standing).sort()).toEqual(Object.keys(GLYPHS).sort());
  });
});
