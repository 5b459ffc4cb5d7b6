import { describe, expect, it } from 'vitest';
import type { DeviceDetail } from '../api/types';
import { correctedMetric, formOf, uncorrected, unexplained } from './semanticsEdits';

const shown = (value: unknown, more = {}): unknown => ({
  value,
  hidden: false,
  category: 'primary',
  ...more,
});
const read = (quantity: string | null, source: string): unknown => ({
  quantity,
  places: ['pump'],
  role: 'measured',
  source,
  likely: [],
});

const device = {
  metrics: {
    p: shown(1),
    q: shown(2),
    text: shown('auto'),
    gone: shown(3, { hidden: true }),
    rssi: shown(4, { category: 'diagnostic' }),
  },
  semantics: {
    p: read('pressure', 'unit'),
    q: read(null, 'unknown'),
    text: read(null, 'unknown'),
    gone: read(null, 'unknown'),
    rssi: read(null, 'unknown'),
  },
  metric_edits: { p: { title: 'P', unit: null, hidden: false, quantity: null, places: null, role: null } },
} as unknown as DeviceDetail;

describe('corrections of a metric', () => {
  it('send what differs and keep title, unit and hidden', () => {
    const form = { ...formOf(device.semantics.p!), places: ['suction', 'pump'] };
    expect(correctedMetric(device, 'p', form)).toEqual({
      title: 'P',
      unit: null,
      hidden: false,
      quantity: null,
      places: ['suction', 'pump'],
      role: null,
    });
  });

  it('send no quantity while none is chosen', () => {
    expect(correctedMetric(device, 'q', formOf(device.semantics.q!)).quantity).toBeNull();
  });

  it('are cleared without touching the title', () => {
    expect(uncorrected(device, 'p')?.title).toBe('P');
    expect(uncorrected(device, 'q')).toBeNull();
  });
});

it('asks about shown numbers and states that nothing explains', () => {
  expect(unexplained(device)).toEqual(['q']);
});
