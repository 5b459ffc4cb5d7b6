// Alerts of the alerts page by incident. Pure.

import type { Alert } from '../api/types';

/** Alerts of one incident; `id` is empty for an alert without one. */
export interface Group {
  id: string;
  alerts: Alert[];
}

/** Group alerts by incident, in the order of the first alert of each; suppressed ones come last. */
export function groupsOf(alerts: readonly Alert[]): Group[] {
  const groups = new Map<string, Group>();
  for (const alert of alerts) {
    const id = alert.incident_id ?? '';
    const key = id || alert.id;
    const group = groups.get(key);
    if (group) group.alerts.push(alert);
    else groups.set(key, { id, alerts: [alert] });
  }
  for (const group of groups.values()) {
    if (group.alerts.length > 1)
      group.alerts.sort((a, b) => Number(!!a.suppressed_by) - Number(!!b.suppressed_by));
  }
  return [...groups.values()];
}

/** Return the alerts that a person steps through: of a collapsed incident the first one. */
export const stepsOf = (groups: readonly Group[], expanded: ReadonlySet<string>): Alert[] =>
  groups.flatMap((group) => (expanded.has(group.id) ? group.alerts : group.alerts.slice(0, 1)));
