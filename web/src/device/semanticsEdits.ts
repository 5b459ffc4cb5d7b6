// Corrections of what a metric is read as: send only what differs from the hub's reading. Pure.

import type { DeviceDetail, MetricEdit, MetricSemantics } from '../api/types';

export interface SemanticsForm {
  quantity: string;
  places: string[];
  role: string;
}

const NONE: MetricEdit = { title: null, unit: null, hidden: false, quantity: null, places: null, role: null };

const same = (a: readonly string[], b: readonly string[]): boolean =>
  [...a].sort().join() === [...b].sort().join();

export const formOf = (read: MetricSemantics): SemanticsForm => ({
  quantity: read.quantity ?? '',
  places: [...read.places],
  role: read.role,
});

/** Return the override of `metric` for `form`: what was not changed stays as it is; title, unit and hidden are kept. */
export function correctedMetric(device: DeviceDetail, metric: string, form: SemanticsForm): MetricEdit {
  const before = device.metric_edits[metric] ?? NONE;
  const read = device.semantics[metric]!;
  return {
    ...before,
    quantity: form.quantity === (read.quantity ?? '') ? before.quantity : form.quantity || null,
    places: same(form.places, read.places) ? before.places : form.places,
    role: form.role === read.role ? before.role : form.role,
  };
}

/** Return the override of `metric` without its correction; null if nothing else is overridden. */
export function uncorrected(device: DeviceDetail, metric: string): MetricEdit | null {
  const { title, unit, hidden } = device.metric_edits[metric] ?? NONE;
  return title || unit || hidden ? { ...NONE, title, unit, hidden } : null;
}

/** Return the metrics to ask about: shown, of the device's function, with a number or a state that nothing explains. */
export const unexplained = (device: DeviceDetail): string[] =>
  Object.keys(device.metrics).filter((metric) => {
    const shown = device.metrics[metric]!;
    return (
      device.semantics[metric]?.source === 'unknown' &&
      !shown.hidden &&
      shown.category !== 'diagnostic' &&
      shown.category !== 'config' &&
      typeof shown.value !== 'string'
    );
  });
