import { describe, expect, it } from 'vitest';
import type { DeviceDetail } from '../api/types';
import { editedMetric, editOf, fieldsOf, isRelabelled, labelsOf, resetMetric } from './deviceEdits';

const device = (over: Partial<DeviceDetail> = {}): DeviceDetail =>
  ({
    native_id: 'tank-01',
    name: 'Day tank',
    area: 'Utilities',
    labels: ['tank'],
    info: { name: 'Buffer tank 1', area: 'Utilities', labels: ['tank'] },
    ...over,
  }) as DeviceDetail;

describe('edits of a device', () => {
  it('say only what differs', () => {
    expect(editOf(device(), fieldsOf(device()))).toEqual({});
    expect(editOf(device(), { ...fieldsOf(device()), area: 'Roof' })).toEqual({ area: 'Roof' });
  });

  it('give a field back when it is what the device says of itself', () => {
    const back = { name: 'Buffer tank 1', area: 'Utilities', labels: ['tank'] };
    expect(editOf(device({ area: 'Roof', labels: [] }), back)).toEqual({
      name: null,
      area: null,
      labels: null,
    });
    expect(editOf(device({ info: {} }), { ...fieldsOf(device()), name: 'tank-01' })).toEqual({ name: null });
  });

  it('take labels from a line of text', () => {
    expect(labelsOf(' a, b,,a , ')).toEqual(['a', 'b']);
  });
});

describe('edits of a metric', () => {
  const uncorrected = { quantity: null, places: null, role: null };
  const plug = device({
    metrics: { p: { title: 'Power', unit: 'W', hidden: false } as DeviceDetail['metrics'][string] },
    metric_edits: { p: { title: 'Power', unit: null, hidden: false, ...uncorrected, quantity: 'energy' } },
  });

  it('set what was changed, and keep what a person had set', () => {
    const form = { title: 'Power', unit: 'Watt', hidden: true };
    expect(editedMetric(plug, 'p', form)).toEqual({
      title: 'Power',
      unit: 'Watt',
      hidden: true,
      ...uncorrected,
      quantity: 'energy',
    });
  });

  it('reset title and unit, and keep what a person says that it measures', () => {
    expect(isRelabelled(plug, 'p')).toBe(true);
    const reset = { title: null, unit: null, hidden: false, ...uncorrected, quantity: 'energy' };
    expect(resetMetric(plug, 'p')).toEqual(reset);
    expect(isRelabelled({ ...plug, metric_edits: { p: reset } }, 'p')).toBe(false);
    expect(resetMetric({ ...plug, metric_edits: {} }, 'p')).toBeNull();
  });

  it('are none where nothing differs from the device', () => {
    const own = { ...plug, metric_edits: {} };
    expect(editedMetric(own, 'p', { title: ' Power ', unit: 'W', hidden: false })).toBeNull();
  });
});
