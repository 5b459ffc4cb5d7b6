// One turn of a conversation: a question and its answer, built from the lines that the hub streams. Pure but for the
// turn that it fills.

import type { Extra, SavedTurn } from '../api/types';

export interface Turn {
  id: number;
  /** When it was asked or answered, in epoch ms. */
  at: number;
  question: string;
  answer: string;
  extras: Extra[];
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  problem: string;
  /** The model that answered; null until known. */
  writer: SavedTurn['writer'] | null;
}

type Line =
  | Extra
  | { type: 'text'; text: string }
  | { type: 'error'; message: string }
  | { type: 'done'; provider: string; model: string; generative: boolean };

/** Return a turn that waits for its answer. */
export const newTurn = (id: number, question: string): Turn => ({
  id,
  at: Date.now(),
  question,
  answer: '',
  extras: [],
  state: 'streaming',
  problem: '',
  writer: null,
});

/** Return a turn of a saved conversation. */
export const restoredTurn = (id: number, saved: SavedTurn): Turn => ({
  id,
  at: saved.at,
  question: saved.question,
  answer: saved.answer,
  extras: saved.extras,
  state: saved.stopped ? 'stopped' : 'done',
  problem: '',
  writer: saved.stopped ? null : saved.writer,
});

/** Every type of extra: the compiler reports one that is missing here and would be dropped while an answer streams. */
const EXTRAS: Record<Extra['type'], true> = {
  step: true,
  chart: true,
  source: true,
  proposal: true,
  rule: true,
  unsupported: true,
};

/** Apply one line to `turn`; ignore lines of unknown types. */
export function applyLine(turn: Turn, line: string): void {
  const event = JSON.parse(line) as Line;
  switch (event.type) {
    case 'text':
      turn.answer += event.text;
      break;
    case 'error':
      turn.problem = event.message;
      turn.state = 'failed';
      break;
    case 'done':
      turn.writer = { provider: event.provider, model: event.model, generative: event.generative };
      if (turn.state === 'streaming') turn.state = 'done';
      break;
    default:
      if (event.type in EXTRAS) turn.extras = [...turn.extras, event];
  }
}

/** Split `text` around `sentences`, which are struck out; spaces between words may differ. */
export function strikeSentences(
  text: string,
  sentences: readonly string[],
): { text: string; struck: boolean }[] {
  const words = sentences.map((each) => each.trim().split(/\s+/).map(escaped).join('\\s+')).filter(Boolean);
  if (!words.length) return [{ text, struck: false }];
  const pattern = new RegExp(`(${words.join('|')})`);
  return text
    .split(pattern)
    .map((part, k) => ({ text: part, struck: k % 2 === 1 }))
    .filter((part) => part.text);
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Return the extras of one type, in the order received. */
export function extrasOf<K extends Extra['type']>(turn: Turn, kind: K): Extract<Extra, { type: K }>[] {
  return turn.extras.filter((extra): extra is Extract<Extra, { type: K }> => extra.type === kind);
}
