// Which open alerts the alerts page shows. Pure.

import type { Alert } from '../api/types';

export const FILTERS = ['all', 'mine', 'unassigned', 'muted', 'silenced', 'audible'] as const;
export type Filter = (typeof FILTERS)[number];

/** Return whether a filter shows an alert to the person with the account `me`. */
export function passes(alert: Alert, filter: Filter, me: string | null): boolean {
  if (filter === 'mine') return me !== null && alert.assignee?.id === me;
  if (filter === 'unassigned') return !alert.assignee;
  if (filter === 'all') return true;
  if (filter === 'muted') return !!alert.muted;
  const silenced = alert.silenced_by.length > 0;
  return filter === 'silenced' ? silenced : !silenced && !alert.muted;
}
