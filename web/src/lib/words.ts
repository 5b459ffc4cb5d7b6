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
  const words = metricName(alert.metric);
  return alert.message.replace(alert.metric, words[0]!.toLowerCase() + words.slice(1));
}

/** A line of the hub's log where its device's name stands before it as a link: the name is not read twice. */
export function withoutName(text: string, name: string): string {
  if (!name || !text.startsWith(name)) return text;
  const rest = text.slice(name.length);
  return /^:? /.test(rest) ? rest.replace(/^:? /, '') : text;
}
