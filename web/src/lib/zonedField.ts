// Times in fields of the type datetime-local, in the zone in which the page shows times.

import { zone } from './zone.svelte';

/** Return a time (epoch ms) as text for a field: `2026-11-30T09:05:00`. */
export function toField(ts: number, timeZone = zone.name): string {
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone,
    ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
  });
  return format.format(ts).replace(' ', 'T');
}

/** Return the time (epoch ms) of a field; NaN if it is empty. A time that a change of the clock skips is the next one. */
export function fromField(text: string, timeZone = zone.name): number {
  const asUtc = Date.parse(`${text}Z`);
  if (Number.isNaN(asUtc)) return NaN;
  const offset = (ts: number): number => Date.parse(`${toField(ts, timeZone)}Z`) - ts;
  // The offset before a change of the clock may differ from that after it.
  const near = asUtc - offset(asUtc);
  return asUtc - offset(near);
}
