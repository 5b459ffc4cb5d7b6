import { afterEach, describe, expect, it, vi } from 'vitest';
import { deleteDevices, editDevices, forEach, relabelled, restoreField } from './bulk';

const ids = Array.from({ length: 20 }, (_, k) => `d${k}`);
const follow = () => ({ signal: new AbortController().signal, onprogress: vi.fn() });

/** A hub that keeps areas, and refuses one device. */
function hub(refused: string) {
  const devices = new Map(ids.map((id, k) => [id, { id, area: k % 2 ? 'Hall' : null, labels: ['old'] }]));
  const calls: string[] = [];
  vi.stubGlobal('fetch', (path: string, init: RequestInit = {}) => {
    const id = path.split('/').at(-1)!;
    calls.push(`${init.method ?? 'GET'} ${id}`);
    if (id === refused)
      return Promise.resolve(Response.json({ error: { message: 'Busy.' } }, { status: 503 }));
    const device = devices.get(id)!;
    if (init.method === 'PATCH') Object.assign(device, JSON.parse(String(init.body)));
    if (init.method === 'DELETE') {
      devices.delete(id);
      return Promise.resolve(new Response(null, { status: 204 }));
    }
    return Promise.resolve(Response.json({ ...device, name: id, native_id: id, info: {} }));
  });
  return { devices, calls };
}

describe('changes of many devices', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('change what differs, report what fails, and go on', async () => {
    const { devices, calls } = hub('d4');
    const steps = follow();
    const outcome = await editDevices(ids, (device) => ({ ...device, area: 'Hall' }), steps);
    expect([...outcome.failed]).toEqual([['d4', 'Busy.']]);
    expect([outcome.changed.size, outcome.unchanged]).toEqual([9, 10]);
    expect(outcome.changed.get('d0')).toEqual({ name: 'd0', area: '', labels: ['old'] });
    expect([...devices.values()].filter(({ area }) => area === 'Hall')).toHaveLength(19);
    expect(calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(9);
    expect(steps.onprogress).toHaveBeenLastCalledWith(20);
  });

  it('are undone without what was edited since then', async () => {
    const { devices, calls } = hub('');
    const { changed } = await editDevices(ids, (device) => ({ ...device, area: 'Cellar' }), follow());
    Object.assign(devices.get('d1')!, { labels: ['new'] });
    calls.length = 0;
    const { failed } = await restoreField('area', changed, follow());
    expect(failed.size).toBe(0);
    expect(devices.get('d0')).toMatchObject({ area: null, labels: ['old'] });
    expect(devices.get('d1')).toMatchObject({ area: 'Hall', labels: ['new'] });
    expect(calls.filter((call) => call.startsWith('PATCH'))).toHaveLength(20);
  });

  it('delete devices', async () => {
    const { devices } = hub('d7');
    const outcome = await deleteDevices(ids, follow());
    expect([...devices.keys()]).toEqual(['d7']);
    expect([outcome.changed.size, outcome.failed.size]).toEqual([19, 1]);
  });

  it('run a few at a time, and stop when they are cancelled', async () => {
    const cancelled = new AbortController();
    let running = 0;
    let most = 0;
    const done: string[] = [];
    await forEach(
      ids,
      async (id) => {
        most = Math.max(most, ++running);
        await Promise.resolve();
        running--;
        done.push(id);
        if (done.length === 8) cancelled.abort();
      },
      () => undefined,
      cancelled.signal,
    );
    expect(most).toBe(4);
    expect(done.length).toBeLessThan(13);
  });
});

it('labels are added once and removed', () => {
  expect(relabelled(['a', 'b'], ['b', 'c'], ['a'])).toEqual(['b', 'c']);
});
