import { describe, expect, it } from 'vitest';
import type { DeviceDetail } from '../api/types';
import { editOf, givenOf, labelsOf } from './edits';

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
    expect(editOf(device(), givenOf(device()))).toEqual({});
    expect(editOf(device(), { ...givenOf(device()), area: 'Roof' })).toEqual({ area: 'Roof' });
  });

  it('give a field back when it is what the device says of itself', () => {
    const back = { name: 'Buffer tank 1', area: 'Utilities', labels: ['tank'] };
    expect(editOf(device({ area: 'Roof', labels: [] }), back)).toEqual({
      name: null,
      area: null,
      labels: null,
    });
    expect(editOf(device({ info: {} }), { ...givenOf(device()), name: 'tank-01' })).toEqual({ name: null });
  });

  it('take labels from a line of text', () => {
    expect(labelsOf(' a, b,,a , ')).toEqual(['a', 'b']);
  });
});
