// The people that alerts can be assigned to.

import { who } from '../account/who.svelte';
import { get } from '../api/http';
import type { Assignee } from '../api/types';

/** Return the people who may see a device, or everybody without one. Empty if the request fails or is not permitted. */
export async function assignees(device?: string): Promise<Assignee[]> {
  if (!who.may('operator')) return [];
  const query = device ? `?device_id=${encodeURIComponent(device)}` : '';
  try {
    return (await get<{ items: Assignee[] }>(`/api/assignees${query}`)).items;
  } catch {
    return [];
  }
}
