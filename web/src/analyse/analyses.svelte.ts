// Upload files for analysis, follow their progress, and list previous analyses.

import { HubError, get, patch, remove, send } from '../api/http';
import type { Analysis, Page } from '../api/types';
import { LineSplitter } from '../api/ndjson';
import { T } from '../texts';

export type Kind = Analysis['kind'];
export interface Progress {
  stage: string;
  done: number;
  of: number;
}
type Line =
  | ({ type: 'progress' } & Progress)
  | { type: 'started'; id: string }
  | { type: 'done'; analysis: Analysis }
  | { type: 'error'; message: string };

const ENDINGS: Record<Kind, RegExp> = {
  image: /\.(png|jpe?g|webp)$/i,
  audio: /\.(wav|flac|mp3|ogg|oga)$/i,
  document: /\.pdf$/i,
};
export const ACCEPT = '.png,.jpg,.jpeg,.webp,.wav,.flac,.mp3,.ogg,.oga,.pdf';

/** Return the kind of a file by its type or name (the hub checks the content); null if it is not supported. */
export function kindOf(file: { name: string; type: string }): Kind | null {
  if (/^image\/(png|jpeg|webp)$/.test(file.type)) return 'image';
  if (file.type.startsWith('audio/')) return 'audio';
  if (file.type === 'application/pdf') return 'document';
  return (Object.keys(ENDINGS) as Kind[]).find((kind) => ENDINGS[kind].test(file.name)) ?? null;
}

export interface RunningAnalysis {
  id: string;
  name: string;
}

const KEY = 'analysis';

/** The running analysis that this tab started. */
const running = {
  get: (): RunningAnalysis | null =>
    JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as RunningAnalysis | null,
  set: (found: RunningAnalysis): void => sessionStorage.setItem(KEY, JSON.stringify(found)),
  clear: (): void => sessionStorage.removeItem(KEY),
};

class Analyses {
  items = $state.raw<Analysis[]>([]);
  next = $state<string | null>(null);
  problem = $state('');

  async list(): Promise<void> {
    await this.fetch('/api/analyses?limit=20', []);
  }

  async more(): Promise<void> {
    if (this.next)
      await this.fetch(`/api/analyses?limit=20&cursor=${encodeURIComponent(this.next)}`, this.items);
  }

  /** Send a file and report progress. Throws `HubError`; aborting leaves the analysis running. */
  async send(
    file: File,
    kind: Kind,
    device: string,
    onprogress: (progress: Progress) => void,
    signal: AbortSignal,
  ): Promise<Analysis> {
    const body = new FormData();
    body.set('file', file, file.name || kind);
    // Keep the analysis running when this page is reloaded or left.
    body.set('keep', 'true');
    if (device) body.set('device_id', device);
    const headers = { accept: 'application/x-ndjson' };
    const response = await send(`/analyze/${kind}`, { method: 'POST', body, headers, signal });
    return this.read(response, onprogress, (id) => running.set({ id, name: file.name || kind }));
  }

  /** Return the analysis that was running when this tab was reloaded or the page was left. */
  running(): RunningAnalysis | null {
    return running.get();
  }

  /** Follow a running analysis to its end. */
  async resume(id: string, onprogress: (progress: Progress) => void, signal: AbortSignal): Promise<Analysis> {
    return this.read(await send(`/api/analyses/${encodeURIComponent(id)}/progress`, { signal }), onprogress);
  }

  /** Cancel the running analysis. */
  async stop(): Promise<void> {
    const found = running.get();
    running.clear();
    if (found) await remove(`/api/analyses/${encodeURIComponent(found.id)}/progress`);
  }

  private async read(
    response: Response,
    onprogress: (progress: Progress) => void,
    started?: (id: string) => void,
  ): Promise<Analysis> {
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const lines = new LineSplitter();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) throw new HubError(0, T.errors.unreachable);
      for (const line of lines.push(value).map((text) => JSON.parse(text) as Line)) {
        if (line.type === 'started') {
          started?.(line.id);
          continue;
        }
        if (line.type === 'progress') {
          onprogress(line);
          continue;
        }
        running.clear();
        if (line.type === 'error') throw new HubError(422, line.message);
        const { analysis } = line;
        this.items = [analysis, ...this.items.filter((each) => each.id !== analysis.id)];
        return analysis;
      }
    }
  }

  async link(id: string, change: { device_id?: string | null; models?: string[] }): Promise<Analysis> {
    const changed = await patch<Analysis>(`/api/analyses/${id}`, change);
    this.items = this.items.map((each) => (each.id === id ? changed : each));
    return changed;
  }

  async remove(id: string): Promise<void> {
    await remove(`/api/analyses/${id}`);
    this.items = this.items.filter((each) => each.id !== id);
  }

  private async fetch(path: string, before: Analysis[]): Promise<void> {
    try {
      const page = await get<Page<Analysis>>(path);
      this.items = [...before, ...page.items];
      this.next = page.next;
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }
}

export const analyses = new Analyses();
