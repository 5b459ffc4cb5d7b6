// Export the list as CSV (RFC 4180). Texts that a spreadsheet would execute as a formula are escaped; numbers stay numbers,
// with a plain minus.

import type { Fleet } from '../live/fleet';
import { PRESENCE, SEVERITY, type Value } from '../live/protocol';

/** Return one cell. A text that begins like a formula gets a leading apostrophe. */
export function cell(value: Value | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  if (typeof value === 'boolean') return String(value);
  const text = /^[=+\-@\t\r\n]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const FIXED = ['id', 'name', 'area', 'model', 'labels', 'dialect', 'presence', 'severity', 'last_seen', 'metric', 'value', 'unit']; // prettier-ignore

/** Return all `order` rows with a header; `metrics` are the metric columns besides the fixed ones. */
export function csv(fleet: Fleet, order: Int32Array, metrics: readonly string[]): string {
  const lines = [[...FIXED, ...metrics].map(cell).join(',')];
  for (const row of order) {
    const main = fleet.mainColumn(row);
    const fields: Value[] = [
      fleet.id[row]!,
      fleet.name[row]!,
      fleet.area[row] ?? null,
      fleet.model[row] ?? null,
      fleet.labels[row]!.join(' '),
      fleet.dialect[row]!,
      PRESENCE[fleet.presence[row]!]!,
      SEVERITY[fleet.severity[row]!]!,
      fleet.seen[row] ? new Date(fleet.seen[row]!).toISOString() : null,
      main?.metric ?? null,
      main?.get(row) ?? null,
      main?.unit[row] ?? null,
      ...metrics.map((metric) => fleet.column(metric)?.get(row) ?? null),
    ];
    lines.push(fields.map(cell).join(','));
  }
  return lines.join('\r\n') + '\r\n';
}

/** Download `text` as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
