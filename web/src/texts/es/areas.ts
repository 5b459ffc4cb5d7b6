// Texts of areas.

import { plural } from '../plural';

export const areas = {
  title: 'Áreas',
  lead: 'El área de un dispositivo se asigna en su página, en «Ajustes». El acceso de las personas se puede limitar a áreas.',
  none: 'Aún no hay áreas.',
  devices: (n: number, text: string) => plural(n, { one: '1 dispositivo', other: `${text} dispositivos` }),
  name: 'Nombre del área',
  parent: 'Área superior',
  top: 'Ninguna (nivel superior)',
  newName: 'Nombre de un área nueva',
  create: 'Crear',
  edit: 'Editar',
  editOne: (name: string) => `Editar ${name}`,
  up: (name: string) => `Subir ${name}`,
  save: 'Guardar',
  cancel: 'Cancelar',
  remove: 'Eliminar',
  removeOne: (name: string) => `Eliminar ${name}`,
  removeLead:
    'Los dispositivos del área quedan sin área. Las personas limitadas solo a esta área no verán ningún dispositivo.',
  suggested: 'Sugeridas por dispositivos',
  suggestedLead:
    'Los dispositivos anuncian estas áreas. Se muestran, pero no afectan a lo que las personas pueden ver hasta que las acepte.',
  accept: 'Aceptar',
  acceptOne: (name: string) => `Aceptar ${name}`,
};
