// Sentences of the hub as the page shows them: metrics by their names, a capital at the beginning, and no more of
// them than there is room for. Pure.

import { metricName } from './format';

export function sentence(text: string): string {
  return text ? text[0]!.toUpperCase() + text.slice(1) : text;
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** The first `count` sentences of `text`. A point within a number or a time ends none. */
export function firstSentences(text: string, count: number): string {
  const parts = Array.from(sentences.segment(text), (part) => part.segment);
  return parts.slice(0, count).join('').trim();
}

/** An alert's message beside its device's name: `bearing temperature 89.2 °C, above 85 °C for 5 s`. */
export function alertMessage(alert: { message: string; metric: string | null }): string {
  if (!alert.metric) return alert.message;
  // The hub writes the metric's title; alerts that were raised before it did begin with the bare name.
  if (!alert.message.startsWith(alert.metric)) return alert.message;
  return beforeWord(metricName(alert.metric)) + alert.message.slice(alert.metric.length);
}

/** A title within a sentence: `Bearing temperature` is `bearing temperature`, `CO₂` and `RSSI` stay. */
export const beforeWord = (title: string): string =>
  /^\p{Lu}\p{Ll}/u.test(title) ? title[0]!.toLowerCase() + title.slice(1) : title;

/** A line of the hub's log with the name of its device to link: what stands before it, and after it. A line that does
 *  not name it gets the name in front; none reads it twice. */
export function aroundName(text: string, name: string): [string, string] {
  const at = name ? wordAt(text, name) : -1;
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + name.length).replace(/^:(?= )/, '')];
}

const LETTER = /[\p{L}\p{N}_]/u;

/** Where `word` stands in `text` as a word of its own, or -1. */
function wordAt(text: string, word: string): number {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + word.length] ?? ' '];
    if (!LETTER.test(before) && !LETTER.test(after)) return at;
  }
  return -1;
}

/** A line of the hub's log where its device's name stands before it as a link: the name is not read twice. */
export function withoutName(text: string, name: string): string {
  if (!name || !text.startsWith(name)) return text;
  const rest = text.slice(name.length);
  return /^:? /.test(rest) ? rest.replace(/^:? /, '') : text;
}
