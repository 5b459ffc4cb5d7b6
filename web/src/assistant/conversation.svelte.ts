// The chat: questions, streamed answers, stop and retry, and the conversations saved on the hub.

import { get, remove, send } from '../api/http';
import { LineSplitter } from '../api/ndjson';
import type { ConversationItem, SavedTurn } from '../api/types';
import { nextFrame } from '../live/frame';
import { applyLine, newTurn, restoredTurn, type Turn } from './turn';

export const MAX_QUESTION = 500;
const MAX_TURNS = 100;

class Conversation {
  turns = $state<Turn[]>([]);
  /** Id on the hub; made here for a new conversation. */
  id = $state(randomId());
  /** Saved conversations, the latest first. */
  saved = $state.raw<ConversationItem[]>([]);
  private abort: AbortController | null = null;
  private next = 0;

  get busy(): boolean {
    return this.turns.at(-1)?.state === 'streaming';
  }

  ask(question: string): void {
    if (this.busy) return;
    this.turns = [...this.turns.slice(1 - MAX_TURNS), newTurn(this.next++, question)];
    void this.stream(this.turns.at(-1)!);
  }

  /** Ask the question of `turn` again, as the last turn. */
  retry(turn: Turn): void {
    if (this.busy) return;
    this.turns = this.turns.filter((each) => each !== turn);
    this.ask(turn.question);
  }

  stop(): void {
    this.abort?.abort();
  }

  begin(): void {
    this.stop();
    this.turns = [];
    this.id = randomId();
  }

  async open(id: string): Promise<void> {
    if (id === this.id && this.turns.length) return;
    this.stop();
    const { turns } = await get<{ turns: SavedTurn[] }>(`/api/conversations/${id}`);
    this.turns = turns.map((turn) => restoredTurn(this.next++, turn));
    this.id = id;
  }

  async list(): Promise<void> {
    this.saved = (await get<{ items: ConversationItem[] }>('/api/conversations')).items;
  }

  async remove(id: string): Promise<void> {
    await remove(`/api/conversations/${id}`);
    if (id === this.id) this.begin();
    await this.list();
  }

  private async stream(turn: Turn): Promise<void> {
    const abort = (this.abort = new AbortController());
    const lines = new LineSplitter();
    let waiting: string[] = [];
    // Words arrive faster than frames: render them once a frame.
    const show = (): void => {
      for (const line of waiting) applyLine(turn, line);
      waiting = [];
    };
    try {
      const response = await send(`/api/conversations/${this.id}/turns`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ question: turn.question }),
        signal: abort.signal,
      });
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        waiting.push(...lines.push(value));
        nextFrame(show);
      }
      show();
      if (turn.state === 'streaming') turn.state = 'done';
    } catch (error) {
      show();
      turn.state = abort.signal.aborted ? 'stopped' : 'failed';
      if (!abort.signal.aborted) turn.problem = error instanceof Error ? error.message : String(error);
    }
    void this.list().catch(() => undefined);
  }
}

/** Return a random id. `crypto.randomUUID` exists on https and loopback only. */
function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

export const conversation = new Conversation();
