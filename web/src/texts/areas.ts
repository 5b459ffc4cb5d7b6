// Texts of areas.

import { plural } from './plural';

export const areas = {
  title: 'Areas',
  lead: 'Assign a device to an area on its page, under Settings. People can be limited to areas.',
  none: 'No areas yet.',
  devices: (n: number, text: string) => plural(n, { one: '1 device', other: `${text} devices` }),
  name: 'Name of the area',
  parent: 'Inside',
  top: 'No other area',
  newName: 'Name of a new area',
  create: 'Create',
  edit: 'Edit',
  editOne: (name: string) => `Edit ${name}`,
  up: (name: string) => `Move ${name} up`,
  save: 'Save',
  cancel: 'Cancel',
  remove: 'Delete',
  removeOne: (name: string) => `Delete ${name}`,
  removeLead:
    'Its devices have no area then, and nobody is limited to it any more: who was limited to it alone sees no devices.',
  suggested: 'Announced by devices',
  suggestedLead:
    'These devices announce an area of their own. They are shown in it, but it counts for nobody’s rights until you accept it.',
  accept: 'Accept',
  acceptOne: (name: string) => `Accept ${name}`,
};
