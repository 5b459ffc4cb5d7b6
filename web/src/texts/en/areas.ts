// Texts of areas.

import { plural } from '../plural';

export const areas = {
  title: 'Areas',
  lead: 'Assign a device to an area on its page, under Settings. People can be limited to areas.',
  none: 'No areas yet.',
  devices: (n: number, text: string) => plural(n, { one: '1 device', other: `${text} devices` }),
  name: 'Name of the area',
  parent: 'Parent area',
  top: 'None (top level)',
  newName: 'Name of a new area',
  create: 'Create',
  edit: 'Edit',
  editOne: (name: string) => `Edit ${name}`,
  up: (name: string) => `Move ${name} up`,
  save: 'Save',
  cancel: 'Cancel',
  remove: 'Delete',
  removeOne: (name: string) => `Delete ${name}`,
  removeLead: 'Its devices will have no area. People who are limited to this area only will see no devices.',
  suggested: 'Suggested by devices',
  suggestedLead:
    'Devices report these areas. They are shown with the devices, but do not affect what people may see until you accept them.',
  accept: 'Accept',
  acceptOne: (name: string) => `Accept ${name}`,
};
