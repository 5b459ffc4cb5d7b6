// Texts of changes of many devices at once.

import { plural } from '../plural';

export const bulk = {
  select: 'Select devices',
  label: 'Selected devices',
  all: 'Select all',
  mostSelected: (n: string) => `You can select at most ${n} devices at once.`,
  silence: 'Silence…',
  area: 'Area…',
  labels: 'Labels…',
  delete: 'Delete…',
  mostSilenced: (n: number) => `A silence can have at most ${n} devices. Silence an area or a label instead.`,
  titles: {
    area: (n: number) => plural(n, { one: 'Area of 1 device', other: `Area of ${n} devices` }),
    labels: (n: number) => plural(n, { one: 'Labels of 1 device', other: `Labels of ${n} devices` }),
    delete: (n: number) => plural(n, { one: 'Delete 1 device?', other: `Delete ${n} devices?` }),
  },
  apply: { area: 'Set area', labels: 'Change labels', delete: 'Delete permanently' },
  areaHint: 'A new name creates an area. Empty: the area that each device reports.',
  add: 'Labels to add, separated by commas',
  remove: 'Labels to remove',
  present: (names: string) => `Present: ${names}`,
  noLabels: 'None of the devices has a label.',
  deleteLead: 'Deletes the devices with history and alerts. A device that sends again is added as a new one.',
  progress: (done: number, all: number) => `${done} of ${all}`,
  stop: 'Stop',
  again: 'Try again',
  undone: 'Changes undone',
  changed: (n: number) => plural(n, { one: `Changed ${n} device`, other: `Changed ${n} devices` }),
  deleted: (n: number) => plural(n, { one: `Deleted ${n} device`, other: `Deleted ${n} devices` }),
  unchanged: (n: number) =>
    plural(n, { one: `${n} device needed no change`, other: `${n} devices needed no change` }),
  failed: (n: number) =>
    plural(n, { one: `${n} device was not changed:`, other: `${n} devices were not changed:` }),
};
