// Texts of incidents.

import { plural } from '../plural';

const alerts = (n: number): string => `${n} ${plural(n, { one: 'alert', other: 'alerts' })}`;

export const incidents = {
  one: 'Incident',
  titles: {
    'incident.device': (name: string, message: string) => `${name}: ${message}`,
    'incident.gateway': (name: string) => `Nothing is received through ${name}`,
    'incident.rule': (name: string, message: string) => `${name} and others: ${message}`,
  } as Record<string, (name: string, message: string) => string>,
  states: { open: 'Open', acknowledged: 'Acknowledged', resolved: 'Resolved' },
  kinds: { device: 'Same device or machine', gateway: 'Gateway is down', rule: 'Same rule' },
  alerts,
  suppressed: (n: number) => `${n} suppressed`,
  suppressedBy: (name: string | null) =>
    name ? `Suppressed: ${name} is down` : 'Suppressed: gateway is down',
  suppressedLead: 'Nobody is notified of this alert while its gateway is down.',
  withdrawnLead:
    'Withdrawn when its gateway was back. If the device still sends nothing, a new alert is raised.',
  flapping: 'Flapping',
  flappingLead: 'This alert is raised and cleared again and again. People are not notified every time.',
  expand: (title: string) => `Show the alerts of ${title}`,
  select: (title: string) => `Select the alerts of ${title}`,
  partOf: 'Incident',
  first: 'First change',
  started: 'Started',
  ended: 'Resolved',
  lasted: 'Duration',
  cause: 'Grouped by',
  chart: (title: string) => `${title} around the first change`,
  list: 'Alerts',
  timeline: 'Timeline',
  missing:
    'Incident not found. Its alerts may be older than the retention time, or on devices outside your areas.',
  more: (n: number) => `Show ${n} more`,
};
