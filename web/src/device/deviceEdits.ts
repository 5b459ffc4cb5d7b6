// Edits of a device: send only differences, and reset a field to the device's own value if they are equal. Pure.

import type { DeviceDetail, MetricEdit } from '../api/types';

export interface DeviceFields {
  name: string;
  area: string;
  labels: string[];
}

/** The body of a PATCH: null resets a field to the device's own value, an absent key leaves it. */
export interface Edit {
  name?: string | null;
  area?: string | null;
  labels?: string[] | null;
}

export const fieldsOf = (device: DeviceDetail): DeviceFields => ({
  name: device.name,
  area: device.area ?? '',
  labels: device.labels,
});

/** Split a line of text into labels, each once, in order. */
export const labelsOf = (text: string): string[] => [
  ...new Set(text.split(',').map((label) => label.trim()).filter(Boolean)),
]; // prettier-ignore

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((label, k) => label === b[k]);

/** Return the edit that changes `device` to `wanted`; empty if nothing differs. */
export function editOf(device: DeviceDetail, wanted: DeviceFields): Edit {
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

/** Whether the edit leaves everything as the device and the hub have it. */
export const isEmpty = ({ title, unit, hidden, quantity, places, role }: MetricEdit): boolean =>
  !title && !unit && !hidden && !quantity && !places && !role;

/** Whether title, unit or visibility of `metric` differ from the device's own. */
export function isRelabelled(device: DeviceDetail, metric: string): boolean {
  const edit = device.metric_edits[metric];
  return !!edit && (!!edit.title || !!edit.unit || edit.hidden);
}

/** Return the edit that resets title, unit and visibility of `metric`, and keeps what it measures. */
export function resetMetric(device: DeviceDetail, metric: string): MetricEdit | null {
  const before = device.metric_edits[metric];
  const edit = before && { ...before, title: null, unit: null, hidden: false };
  return !edit || isEmpty(edit) ? null : edit;
}

export interface MetricForm {
  title: string;
  unit: string;
  hidden: boolean;
}

/** Return the edit of `metric` for `form`; a field that was not changed keeps the device's own value. */
export function editedMetric(device: DeviceDetail, metric: string, form: MetricForm): MetricEdit | null {
  const before = device.metric_edits[metric];
  const shown = device.metrics[metric]!;
  const [title, unit] = [form.title.trim(), form.unit.trim()];
  const edit: MetricEdit = {
    title: title === shown.title ? (before?.title ?? null) : title || null,
    unit: unit === (shown.unit ?? '') ? (before?.unit ?? null) : unit || null,
    hidden: form.hidden,
    quantity: before?.quantity ?? null,
    places: before?.places ?? null,
    role: before?.role ?? null,
  };
  return isEmpty(edit) ? null : edit;
}
