// The mappings' text as the hub keeps it, what a draft of it would mean, and what messages would say by it.

import { post } from '../api/http';
import type { MappingsChecked, MappingsPreview, RawMessage } from '../api/types';
import { ConfigFile } from '../lib/configFile.svelte';
import { T } from '../texts';

class Mappings extends ConfigFile {
  check(text: string, signal?: AbortSignal): Promise<MappingsChecked> {
    return post<MappingsChecked>('/api/mappings/check', { text }, signal);
  }

  /** What this message would say by `text`, or in the hub's words what is wrong with it. */
  preview(text: string, { topic, payload, encoding }: RawMessage, signal: AbortSignal): Promise<MappingsPreview> {
    return post<MappingsPreview>('/api/mappings/preview', { text, messages: [{ topic, payload, encoding }] }, signal);
  } // prettier-ignore
}

export const mappings = new Mappings('/api/mappings', T.topics.undone);
