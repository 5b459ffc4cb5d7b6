// The chat: questions, their streamed answers, stop and retry, and the conversations that the hub keeps.

import { get, remove, send } from '../api/http';
import type { ConversationItem, KeptTurn } from '../api/types';
import { nextFrame } from '../live/frame';
import { begun, Lines, remembered, take, type Turn } from './talk';

export const SHORTEST = 10;
export const LONGEST = 500;
const MOST_TURNS = 100;

class Conversation {
  turns = $state<Turn[]>([]);
  /** Of the hub's own; made here for a new one. */
  id = $state(fresh());
  /** Those that the hub keeps, the one spoken in last first. */
  kept = $state.raw<ConversationItem[]>([]);
  private abort: AbortController | null = null;
  private next = 0;

  get busy(): boolean {
    return this.turns.at(-1)?.state === 'streaming';
  }

  ask(question: string): void {
    if (this.busy) return;
    this.turns = [...this.turns.slice(1 - MOST_TURNS), begun(this.next++, question)];
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

  begin(): void {
    this.stop();
    this.turns = [];
    this.id = fresh();
  }

  async open(id: string): Promise<void> {
    if (id === this.id && this.turns.length) return;
    this.stop();
    const { turns } = await get<{ turns: KeptTurn[] }>(`/api/conversations/${id}`);
    this.turns = turns.map((turn) => remembered(this.next++, turn));
    this.id = id;
  }

  async list(): Promise<void> {
    this.kept = (await get<{ items: ConversationItem[] }>('/api/conversations')).items;
  }

  async forget(id: string): Promise<void> {
    await remove(`/api/conversations/${id}`);
    if (id === this.id) this.begin();
    await this.list();
  }

  private async stream(turn: Turn): Promise<void> {
    const abort = (this.abort = new AbortController());
    const lines = new Lines();
    let waiting: string[] = [];
    // Words come faster than frames: the page sees them once a frame.
    const show = (): void => {
      for (const line of waiting) take(turn, line);
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

/** crypto.randomUUID is there on https and loopback only. */
function fresh(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

export const conversation = new Conversation();
