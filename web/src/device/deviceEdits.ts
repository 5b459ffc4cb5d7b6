// What a person changes of a device: only what differs from before goes to the hub, and what is as the device says of
// itself is given back to it. Pure.

import type { DeviceDetail, MetricEdit } from '../api/types';

export interface Given {
  name: string;
  area: string;
  labels: string[];
}

/** The body of a PATCH: null gives a field back to the device, an absent key leaves it. */
export interface Edit {
  name?: string | null;
  area?: string | null;
  labels?: string[] | null;
}

export const givenOf = (device: DeviceDetail): Given => ({
  name: device.name,
  area: device.area ?? '',
  labels: device.labels,
});

/** Labels from a line of text: each once, in the order given. */
export const labelsOf = (text: string): string[] => [
  ...new Set(text.split(',').map((label) => label.trim()).filter(Boolean)),
]; // prettier-ignore

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((label, k) => label === b[k]);

/** What has to be said so that `device` is called `wanted`. Empty when nothing has. */
export function editOf(device: DeviceDetail, wanted: Given): Edit {
  const own = device.info as { name?: string; area?: string; labels?: string[] };
  const edit: Edit = {};
  if (wanted.name !== device.name)
    edit.name = wanted.name === (own.name ?? device.native_id) ? null : wanted.name;
  if (wanted.area !== (device.area ?? ''))
    edit.area = wanted.area === (own.area ?? '') || !wanted.area ? null : wanted.area;
  if (!same(wanted.labels, device.labels))
    edit.labels = same(wanted.labels, own.labels ?? []) ? null : wanted.labels;
  return edit;
}

export interface MetricForm {
  title: string;
  unit: string;
  hidden: boolean;
}

/** What a person set for `metric` once the form says so: a field that was not touched stays the device's own. */
export function editedMetric(device: DeviceDetail, metric: string, form: MetricForm): MetricEdit | null {
  const before = device.metric_edits[metric];
  const shown = device.metrics[metric]!;
  const [title, unit] = [form.title.trim(), form.unit.trim()];
  const edit: MetricEdit = {
    title: title === shown.title ? (before?.title ?? null) : title || null,
    unit: unit === (shown.unit ?? '') ? (before?.unit ?? null) : unit || null,
    hidden: form.hidden,
  };
  return edit.title || edit.unit || edit.hidden ? edit : null;
}
