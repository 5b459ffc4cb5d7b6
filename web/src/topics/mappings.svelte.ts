// mappings.toml on the hub: read, check, preview a draft, save.

import { post } from '../api/http';
import type { MappingsChecked, MappingsPreview, RawMessage } from '../api/types';
import { ConfigFile } from '../lib/configFile.svelte';
import { T } from '../texts';

class Mappings extends ConfigFile {
  check(text: string, signal?: AbortSignal): Promise<MappingsChecked> {
    return post<MappingsChecked>('/api/mappings/check', { text }, signal);
  }

  /** Return what the mappings in `text` make of this message, or the problem with them. */
  preview(text: string, { topic, payload, encoding }: RawMessage, signal: AbortSignal): Promise<MappingsPreview> {
    return post<MappingsPreview>('/api/mappings/preview', { text, messages: [{ topic, payload, encoding }] }, signal);
  } // prettier-ignore
}

export const mappings = new Mappings('/api/mappings', T.topics.undone);
