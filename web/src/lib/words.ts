// Format sentences of the hub for display: metric names, a capital letter at the start, a limited number of sentences.

import { metricName } from './format';
import { hubText, type Params } from '../texts';
import { localTimes } from './localTimes';

/** Return a sentence of the hub with a capital letter, and with local times: those without a date are near `near`. */
export function sentence(text: string, near?: number): string {
  if (near !== undefined) text = localTimes(text, near);
  return text ? text[0]!.toUpperCase() + text.slice(1) : text;
}

const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** Return the first `count` sentences of `text`. A decimal point ends no sentence. */
export function firstSentences(text: string, count: number): string {
  const parts = Array.from(sentences.segment(text), (part) => part.segment);
  return parts.slice(0, count).join('').trim();
}

/** Return an alert's message for display beside the device's name: `bearing temperature 89.2 °C, above 85 °C for 5 s`. */
export function alertMessage(alert: {
  message: string;
  metric: string | null;
  message_key?: string | null;
  message_params?: Params;
}): string {
  return hubText('alert', englishMessage(alert), alert.message_key, alert.message_params);
}

function englishMessage(alert: { message: string; metric: string | null }): string {
  if (!alert.metric) return alert.message;
  // The hub writes the metric's title; older alerts begin with the metric's id.
  if (!alert.message.startsWith(alert.metric)) return alert.message;
  return beforeWord(metricName(alert.metric)) + alert.message.slice(alert.metric.length);
}

/** Return a title for use within a sentence: `bearing temperature`, but `CO₂` and `RSSI` unchanged. */
export const beforeWord = (title: string): string =>
  /^\p{Lu}\p{Ll}/u.test(title) ? title[0]!.toLowerCase() + title.slice(1) : title;

/** Split a log line around the name of its device, which becomes a link. If the line does not contain the name, it is put in
 *  front. */
export function aroundName(text: string, name: string): [string, string] {
  const at = name ? wordAt(text, name) : -1;
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + name.length).replace(/^:(?= )/, '')];
}

const LETTER = /[\p{L}\p{N}_]/u;

/** Return the index of `word` as a whole word in `text`, or -1. */
function wordAt(text: string, word: string): number {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const [before, after] = [text[at - 1] ?? ' ', text[at + word.length] ?? ' '];
    if (!LETTER.test(before) && !LETTER.test(after)) return at;
  }
  return -1;
}

/** Remove the device's name from the start of a log line that follows a link with that name. */
export function withoutName(text: string, name: string): string {
  if (!name || !text.startsWith(name)) return text;
  const rest = text.slice(name.length);
  return /^:? /.test(rest) ? rest.replace(/^:? /, '') : text;
}
