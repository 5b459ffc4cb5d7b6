// The chat: questions, their streamed answers, stop and retry. It lasts as long as the page is open; the hub
// takes each question on its own.

import { send } from '../api/http';
import { nextFrame } from '../live/frame';

export interface Turn {
  id: number;
  question: string;
  answer: string;
  state: 'streaming' | 'done' | 'stopped' | 'failed';
  problem: string;
}

export const SHORTEST = 10;
export const LONGEST = 500;
const MOST_TURNS = 100;

class Conversation {
  turns = $state<Turn[]>([]);
  private abort: AbortController | null = null;
  private next = 0;

  get busy(): boolean {
    return this.turns.at(-1)?.state === 'streaming';
  }

  ask(question: string): void {
    if (this.busy) return;
    this.turns = [
      ...this.turns.slice(1 - MOST_TURNS),
      { id: this.next++, question, answer: '', state: 'streaming', problem: '' },
    ];
    void this.stream(this.turns.at(-1)!);
  }

  /** Asks the question of `turn` again, in its place at the end. */
  retry(turn: Turn): void {
    if (this.busy) return;
    this.turns = this.turns.filter((each) => each !== turn);
    this.ask(turn.question);
  }

  stop(): void {
    this.abort?.abort();
  }

  clear(): void {
    this.stop();
    this.turns = [];
  }

  private async stream(turn: Turn): Promise<void> {
    const abort = (this.abort = new AbortController());
    let text = '';
    // Tokens come faster than frames: the page sees the text once a frame.
    const show = (): void => {
      turn.answer = text;
    };
    try {
      const response = await send('/ai/stream', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: turn.question }),
        signal: abort.signal,
      });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        text += value;
        nextFrame(show);
      }
      show();
      turn.state = 'done';
    } catch (error) {
      show();
      turn.state = abort.signal.aborted ? 'stopped' : 'failed';
      if (!abort.signal.aborted) turn.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

export const conversation = new Conversation();
