// Checks that templates take their words from the text files, and that statuses differ by shape and word.

import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';
import { GLYPHS } from '../ui/icons';
import { plural } from './plural';
import { T } from '.';

/** Parsing every template takes long on a loaded machine. */
const PARSE_MS = 30_000;
const sources = import.meta.glob<string>('../**/*.svelte', { query: '?raw', import: 'default', eager: true });
/** Attributes that people read or hear. */
const SPOKEN = ['aria-label', 'title', 'placeholder', 'alt'];
/** Two letters in a row make a word; a name such as `boiler-1` is the same in every language. */
const isWord = (text: string): boolean =>
  /\p{L}{2}/u.test(text) && !/^[a-z]+[\d-][a-z\d-]*$/.test(text.trim());

interface Node {
  type?: string;
  name?: string;
  data?: string;
  [key: string]: unknown;
}

/** Return the words written in a template instead of in a text file. */
function wordsOf(node: unknown, found: string[] = []): string[] {
  if (Array.isArray(node)) for (const each of node) wordsOf(each, found);
  else if (node && typeof node === 'object') {
    const { type, name, data, ...parts } = node as Node;
    if (type === 'Attribute' && !SPOKEN.includes(name!)) return found;
    if (type === 'Text' && isWord(data!)) found.push(data!.trim());
    wordsOf(Object.values(parts), found);
  }
  return found;
}

describe('templates', () => {
  it(
    'contain no words of their own',
    () => {
      const found = Object.entries(sources).map(([file, source]) => [
        file,
        wordsOf(parse(source, { modern: true }).fragment),
      ]);
      expect(found.length).toBeGreaterThan(50);
      expect(found.filter(([, words]) => words!.length)).toEqual([]);
    },
    PARSE_MS,
  );

  it('are searched in text and in spoken attributes', () => {
    const template = '<p class="any name" title="Spoken">Read {it}</p>';
    expect(wordsOf(parse(template, { modern: true }).fragment)).toEqual(['Spoken', 'Read']);
  });
});

describe('plural', () => {
  it('returns the singular for one only', () => {
    const devices = (count: number): string => plural(count, { one: 'device', other: 'devices' });
    expect([0, 1, 2, 21].map(devices)).toEqual(['devices', 'device', 'devices', 'devices']);
  });
});

describe('statuses', () => {
  it('have a shape and a word each', () => {
    const shapes = Object.values(GLYPHS);
    expect(new Set(shapes).size).toBe(shapes.length);
    expect(new Set(Object.values(T.standing)).size).toBe(shapes.length);
    expect(Object.keys(T.standing).sort()).toEqual(Object.keys(GLYPHS).sort());
  });
});
