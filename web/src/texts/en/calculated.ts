// Texts of calculated metrics.

import { plural } from '../plural';

const devices = (n: number, shown: string): string =>
  `${shown} ${plural(n, { one: 'device', other: 'devices' })}`;

export const calculated = {
  title: 'Calculated metrics',
  lead: 'A calculated metric is computed from other metrics with an expression. The definitions are stored in calculated.toml in the data folder; changes apply at once.',
  add: 'New metric',
  newMetric: 'New metric',
  edit: (name: string) => `Edit ${name}`,
  back: 'All calculated metrics',
  gone: 'Calculated metric not found. It may have been deleted.',
  none: 'No calculated metrics yet. Choose New metric to create one.',
  form: 'Form',
  text: 'TOML',
  textLead: 'The metric as written in calculated.toml. Changes here update the form, and vice versa.',
  unread: 'Correct the TOML to see the form.',
  save: 'Save',
  cancel: 'Cancel',
  remove: 'Delete metric',
  removeOne: (name: string) => `Delete ${name}`,
  removeLead: 'Its history is kept. You can undo this for a few seconds.',
  saved: (name: string) => `${name} saved`,
  removed: (name: string) => `${name} deleted`,
  undone: 'Change undone',
  checking: 'Checking…',
  covers: (n: number, shown: string, unit: string | null) =>
    `Calculated for ${devices(n, shown)}, ${unit ? `in ${unit}` : 'without a unit'}.`,
  optional: (label: string) => `${label} (optional)`,
  columns: { name: 'Name', expression: 'Expression', on: 'Devices', every: 'Every', unit: 'Unit' },
  count: (n: number, shown: string) => devices(n, shown),
  derived: 'Derived',
  fields: {
    name: 'Name',
    id: 'ID',
    metric: 'Metric',
    expression: 'Expression',
    unit: 'Unit',
    device: 'Store the result on one device (ID)',
    every: 'Calculate every',
    max_age: 'Maximum age of inputs',
    devices: 'Devices',
    models: 'Models',
    labels: 'Labels',
    areas: 'Areas',
    via: 'Gateways',
  },
  notes: {
    expression:
      'Metrics of the device, + - * /, and functions: rate(x, 300), average(x, 300), total(power / 1000), sum(metric("power", area="Hall 2"))',
    unit: 'Derived from the inputs if empty',
    device: 'If set, the fields below are not used. The device is created if it does not exist',
    max_age: 'Older inputs count as missing',
  },
  trial: {
    title: 'Test on stored readings',
    lead: (readings: string, step: string) =>
      `Calculated every ${step} from ${readings} stored readings. The values are not saved.`,
    more: (n: string, all: string) => `${n} of ${all} devices are shown.`,
    running: 'Calculating…',
    nothing: 'No values: inputs are missing in this period.',
    periods: { hour: 'Last hour', day: 'Last day', week: 'Last week' },
    period: 'Period',
    last: 'last',
  },
};
