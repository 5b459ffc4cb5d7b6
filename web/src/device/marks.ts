// Events of a device besides its alerts as marks on its chart: presence, discovery, acknowledgements.
// Pure.

import type { ActivityItem } from '../api/types';
import { T } from '../texts';

export interface Mark {
  ts: number;
  kind: 'presence' | 'acknowledged' | 'discovered';
  /** Label on the chart. */
  label: string;
  /** The hub's text, for the tooltip. */
  text: string;
}

const KINDS = ['presence', 'acknowledged', 'discovered'] as const;

/** Return the log lines to show on the chart, oldest first. */
export function marksOf(items: readonly ActivityItem[]): Mark[] {
  return items.flatMap((item): Mark[] => {
    const kind = KINDS.find((each) => each === item.kind);
    return kind ? [{ ts: item.ts, kind, label: labelOf(kind, item), text: item.text }] : [];
  }).reverse(); // prettier-ignore
}

/** The log has no presence code; severity `ok` means back online. */
function labelOf(kind: Mark['kind'], item: ActivityItem): string {
  if (kind !== 'presence') return T.device.marks[kind];
  if (item.severity === 'ok') return T.presence.online;
  return item.text.endsWith('offline') ? T.presence.offline : T.presence.stale;
}

/** Return the mark nearest to `ts`, if one is within `reach` ms. */
export function nearest(marks: readonly Mark[], ts: number, reach: number): Mark | null {
  let best: Mark | null = null;
  for (const mark of marks) {
    const distance = Math.abs(mark.ts - ts);
    if (distance <= reach && (!best || distance < Math.abs(best.ts - ts))) best = mark;
  }
  return best;
}
