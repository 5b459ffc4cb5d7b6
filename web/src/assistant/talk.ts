// One answer as it comes: lines of JSON from the hub, gathered into a turn. Pure but for the turn it fills.

import type { Extra, KeptTurn } from '../api/types';

export interface Turn {
  id: number;
  question: string;
  answer: string;
  extras: Extra[];
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  problem: string;
  /** Who answered; null until it is known. */
  writer: KeptTurn['writer'] | null;
}

type Line =
  | Extra
  | { type: 'text'; text: string }
  | { type: 'error'; message: string }
  | { type: 'done'; provider: string; model: string; generative: boolean };

export const begun = (id: number, question: string): Turn => ({
  id,
  question,
  answer: '',
  extras: [],
  state: 'streaming',
  problem: '',
  writer: null,
});

export const remembered = (id: number, kept: KeptTurn): Turn => ({
  id,
  question: kept.question,
  answer: kept.answer,
  extras: kept.extras,
  state: kept.stopped ? 'stopped' : 'done',
  problem: '',
  writer: kept.stopped ? null : kept.writer,
});

/** Cuts a stream of text into lines; what has no end yet waits. */
export class Lines {
  private rest = '';

  push(text: string): string[] {
    const parts = (this.rest + text).split('\n');
    this.rest = parts.pop()!;
    return parts.filter(Boolean);
  }
}

/** Takes one line into `turn`; what it does not know is left out. */
export function take(turn: Turn, line: string): void {
  const told = JSON.parse(line) as Line;
  switch (told.type) {
    case 'text':
      turn.answer += told.text;
      break;
    case 'error':
      turn.problem = told.message;
      turn.state = 'failed';
      break;
    case 'done':
      turn.writer = { provider: told.provider, model: told.model, generative: told.generative };
      if (turn.state === 'streaming') turn.state = 'done';
      break;
    case 'step':
    case 'chart':
    case 'source':
    case 'proposal':
    case 'unsupported':
      turn.extras = [...turn.extras, told];
  }
}

/** `text` cut where one of `sentences` stands in it, whatever the spaces between its words. */
export function marked(text: string, sentences: readonly string[]): { text: string; struck: boolean }[] {
  const words = sentences.map((each) => each.trim().split(/\s+/).map(escaped).join('\\s+')).filter(Boolean);
  if (!words.length) return [{ text, struck: false }];
  const pattern = new RegExp(`(${words.join('|')})`);
  return text
    .split(pattern)
    .map((part, k) => ({ text: part, struck: k % 2 === 1 }))
    .filter((part) => part.text);
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** The extras of one kind, in the order in which they came. */
export function extrasOf<K extends Extra['type']>(turn: Turn, kind: K): Extract<Extra, { type: K }>[] {
  return turn.extras.filter((extra): extra is Extract<Extra, { type: K }> => extra.type === kind);
}
