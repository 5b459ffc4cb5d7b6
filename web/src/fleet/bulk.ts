// Change many devices: a few requests at a time. One that fails does not stop the others, and its device is reported.

import { get, patch, remove } from '../api/http';
import type { DeviceDetail } from '../api/types';
import { editOf, fieldsOf, type DeviceFields } from '../device/deviceEdits';

/** Requests at the same time: the hub writes each edit to its log and its audit log. */
const PARALLEL = 4;

export interface Outcome {
  /** Devices that were changed, with their fields before. */
  changed: Map<string, DeviceFields>;
  /** Devices that already were as wanted. */
  unchanged: number;
  /** Messages of the hub, by device. */
  failed: Map<string, string>;
}

/** Call `work` for each id until all are done or `signal` is aborted: for the first one alone, since it may create what the others
 *  need, such as a new area, then for a few at a time. `work` may fail. */
export async function forEach(
  ids: readonly string[],
  work: (id: string) => Promise<void>,
  onfail: (id: string, error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const handle = (id: string): Promise<void> => work(id).catch((error: unknown) => onfail(id, error));
  const queue = ids[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (const id of queue) {
      if (signal.aborted) return;
      await handle(id);
    }
  };
  const { value: first } = queue.next();
  if (first !== undefined) await handle(first);
  await Promise.all(Array.from({ length: PARALLEL }, lane));
}

const pathOf = (id: string): string => `/api/devices/${encodeURIComponent(id)}`;

interface Follow {
  signal: AbortSignal;
  /** Called after each device. */
  onprogress: (done: number) => void;
}

async function run(
  ids: readonly string[],
  work: (id: string) => Promise<DeviceFields | null>,
  { signal, onprogress }: Follow,
): Promise<Outcome> {
  const outcome: Outcome = { changed: new Map(), unchanged: 0, failed: new Map() };
  let done = 0;
  await forEach(
    ids,
    async (id) => {
      const before = await work(id);
      if (before) outcome.changed.set(id, before);
      else outcome.unchanged++;
      onprogress(++done);
    },
    (id, error) => {
      outcome.failed.set(id, error instanceof Error ? error.message : String(error));
      onprogress(++done);
    },
    signal,
  );
  return outcome;
}

/** Change the fields of devices, each from what it has now. */
export const editDevices = (
  ids: readonly string[],
  wanted: (device: DeviceFields, id: string) => DeviceFields,
  follow: Follow,
): Promise<Outcome> =>
  run(
    ids,
    async (id) => {
      const device = await get<DeviceDetail>(pathOf(id));
      const before = fieldsOf(device);
      const edit = editOf(device, wanted(before, id));
      if (!Object.keys(edit).length) return null;
      await patch<DeviceDetail>(pathOf(id), edit);
      return before;
    },
    follow,
  );

/** Give devices the `field` that they had before. Other fields may have been edited since then, and stay. */
export const restoreField = (
  field: 'area' | 'labels',
  before: ReadonlyMap<string, DeviceFields>,
  follow: Follow,
): Promise<Outcome> =>
  editDevices([...before.keys()], (device, id) => ({ ...device, [field]: before.get(id)![field] }), follow);

/** Delete devices with their history. */
export const deleteDevices = (ids: readonly string[], follow: Follow): Promise<Outcome> =>
  run(
    ids,
    async (id) => {
      await remove(pathOf(id));
      return { name: '', area: '', labels: [] };
    },
    follow,
  );

/** Return labels with some added at the end and others removed. */
export const relabelled = (
  labels: readonly string[],
  added: readonly string[],
  removed: readonly string[],
): string[] => [...new Set([...labels, ...added])].filter((label) => !removed.includes(label));
