// Texts of diagnoses.

export const diagnosis = {
  title: 'Diagnosis',
  asOf: (time: string) => `Describes the readings up to ${time}.`,
  pending: 'Analyzing the telemetry…',
  none: 'No diagnosis was written for this alert.',
  insufficient: 'Insufficient evidence',
  insufficientLead: 'The telemetry does not point to one cause.',
  manual: 'From the manual',
  page: (file: string, page: number) => `${file}, page ${page}`,
  builtin: 'built-in analyst',
  builtinLong: 'Written by the built-in analyst: rules and statistics, not a language model.',
  model: (provider: string, model: string) =>
    `Written by ${model} (${provider}). Numbers are checked against the evidence.`,
  match: {
    strong: 'strong match',
    medium: 'medium match',
    weak: 'weak match',
  },
  evidence: 'Evidence',
  against: 'Evidence against',
  claims: 'Claims',
  unsupported: 'not supported by the evidence',
  actions: 'What to do',
  confirm: 'How to confirm',
  others: 'Also possible',
  takesOver: 'The built-in analyst takes over.',
  instead: (provider: string, model: string) =>
    `Used instead of ${model} (${provider}), which gave no usable answer.`,
  run: 'Diagnose now',
  running: 'Diagnosing…',
  more: 'Full diagnosis',
  component: 'Component',
  on: 'on',
  goto: 'Show in the chart',
  all: (n: number) => `Show all ${n}`,
};
