// The hub's mappings: check a text, preview one mapping, add one, delete one.

import { post, remove } from '../api/http';
import type { MappingsChecked, MappingsPreview, RawMessage } from '../api/types';
import { ConfigFile, type FileContent } from '../lib/configFile.svelte';
import { T } from '../texts';
import type { MappingKeys } from './draft';

class Mappings extends ConfigFile {
  check(text: string, signal?: AbortSignal): Promise<MappingsChecked> {
    return post<MappingsChecked>('/api/mappings/check', { text }, signal);
  }

  /** Preview a new mapping on this message: return its values and TOML, or the problem. */
  preview(mapping: MappingKeys, { topic, payload, encoding }: RawMessage, signal: AbortSignal): Promise<MappingsPreview> {
    return post<MappingsPreview>('/api/mappings/preview', { mapping, messages: [{ topic, payload, encoding }] }, signal);
  } // prettier-ignore

  /** Add a mapping at the end. Return whether the hub accepted it. */
  add(before: FileContent, mapping: MappingKeys, notice: string): Promise<boolean> {
    const body = { mapping, revision: before.revision };
    return this.apply(before, post<FileContent>(this.path, body), notice);
  }

  /** Delete the mapping of a topic pattern. Return whether the hub accepted it. */
  delete(before: FileContent, topic: string, notice: string): Promise<boolean> {
    const query = new URLSearchParams({ revision: before.revision });
    const url = `${this.path}/${encodeURIComponent(topic)}?${query}`;
    return this.apply(before, remove<FileContent>(url), notice);
  }
}

export const mappings = new Mappings('/api/mappings', T.topics.undone);
