// What happened to a device besides its alerts, as marks on its chart: it came and went, somebody acknowledged.
// Pure.

import type { ActivityItem } from '../api/types';
import { T } from '../texts';

export interface Mark {
  ts: number;
  kind: 'presence' | 'acknowledged' | 'discovered';
  /** A word for the chart. */
  label: string;
  /** The hub's sentence, for the pointer. */
  text: string;
}

const KINDS = ['presence', 'acknowledged', 'discovered'] as const;

/** The log's lines that belong on a chart, oldest first. */
export function marksOf(items: readonly ActivityItem[]): Mark[] {
  return items.flatMap((item): Mark[] => {
    const kind = KINDS.find((each) => each === item.kind);
    return kind ? [{ ts: item.ts, kind, label: labelOf(kind, item), text: item.text }] : [];
  }).reverse(); // prettier-ignore
}

/** The log says a presence in words; `ok` is the severity of coming back. */
function labelOf(kind: Mark['kind'], item: ActivityItem): string {
  if (kind !== 'presence') return T.device.marks[kind];
  if (item.severity === 'ok') return T.presence.online;
  return item.text.endsWith('offline') ? T.presence.offline : T.presence.stale;
}

/** The mark nearest to `ts`, if one is within `reach` ms. */
export function nearest(marks: readonly Mark[], ts: number, reach: number): Mark | null {
  let best: Mark | null = null;
  for (const mark of marks) {
    const distance = Math.abs(mark.ts - ts);
    if (distance <= reach && (!best || distance < Math.abs(best.ts - ts))) best = mark;
  }
  return best;
}
