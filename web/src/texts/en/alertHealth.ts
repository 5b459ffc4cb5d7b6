// Texts of the page about the health of the alert system.

import { plural } from '../plural';

export const alertHealth = {
  title: 'Alert health',
  lead: 'Shows the alerts of the last seven days, which of them were noise, and which rules to change.',
  week: 'This week',
  count: (count: number, before: number): string => {
    const alerts = plural(count, { one: '1 alert', other: `${count} alerts` });
    if (count === before) return `${alerts}, the same number as in the week before.`;
    const more = count > before ? `${count - before} more` : `${before - count} fewer`;
    return `${alerts}, ${more} than in the week before.`;
  },
  none: 'No alerts.',
  rule: 'Rule',
  alerts: 'Alerts',
  devices: 'Devices',
  open: 'Total time open',
  acknowledged: 'Acknowledged',
  advice: 'Rules to change',
  noAdvice: 'No rule raised unnecessary alerts.',
  change: 'Change the rule',
  drifts: 'Drifting towards a limit',
  noDrifts: 'At the current trend, no metric reaches a limit within two weeks.',
  drift: (value: string, limit: string, perDay: string, days: string): string =>
    `${value} now, ${perDay} a day: reaches ${limit} in ${days}`,
  days: (days: number): string =>
    days < 1
      ? 'less than a day'
      : plural(Math.round(days), { one: 'about a day', other: `about ${Math.round(days)} days` }),
  isa: 'Compared with ISA-18.2',
  isaLead: (count: string, hidden: number): string =>
    `Based on ${count} alerts${hidden ? `, excluding ${hidden} that were silenced, suppressed or late` : ''}. The targets are for one operator.`,
  incomplete: 'There are more than 20,000 alerts. Only the newest 20,000 are counted.',
  figure: 'Figure',
  value: 'Value',
  target: 'Target (at most)',
  result: 'Result',
  met: 'met',
  missed: 'exceeded',
  fewSources: 'not rated: at most 20 sources',
  figures: {
    per_hour: 'Alerts an hour',
    most_in_10_minutes: 'Most alerts in 10 minutes',
    hours_over_30: 'Hours with more than 30 alerts',
    in_flood: 'Time in a flood of alerts',
    from_top: 'Alerts from the ten most frequent sources',
    stale: 'Open for more than a day',
  },
  toAcknowledge: 'Time to acknowledge',
  waits: (median: string, slow: string): string => `half within ${median}, nine in ten within ${slow}`,
  nobody: 'no alert was acknowledged',
  top: 'Most frequent',
  chattering: 'Chattering: three alerts within a minute',
  fleeting: 'Fleeting: cleared within a minute, unacknowledged',
  nothing: 'None.',
  file: 'Download as file',
  fileLead:
    'One file with readings, rules, events and diagnosis. “hub replay” reproduces the alert from it on any hub.',
};
