// The names of areas. Scopes of rules, reactions, silences and routes hold the ids of areas, since areas can be renamed.

import { get } from '../api/http';
import type { AreaList } from '../api/types';

class AreaNames {
  #names = $state.raw<ReadonlyMap<string, string>>(new Map());

  /** Read the names again. If that fails, keep those known. */
  async load(): Promise<void> {
    try {
      this.use((await get<AreaList>('/api/areas')).items);
    } catch {
      // The page shows ids in place of the names that are not known.
    }
  }

  use(areas: readonly { id: string; name: string }[]): void {
    this.#names = new Map(areas.map((area) => [area.id, area.name]));
  }

  /** Return the names of areas that are given by id; a text that is no id is returned unchanged. */
  of(areas: readonly string[]): string[] {
    return areas.map((area) => this.#names.get(area) ?? area);
  }

  /** Return the names as the text of a field whose entries are separated by commas. A name with a comma stays an id. */
  text(areas: readonly string[]): string {
    const names = this.of(areas);
    return areas.map((area, index) => (names[index]!.includes(',') ? area : names[index])).join(', ');
  }
}

export const areaNames = new AreaNames();
