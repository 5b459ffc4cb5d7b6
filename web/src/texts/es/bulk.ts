// Texts of changes of many devices at once.

import { plural } from '../plural';

export const bulk = {
  select: 'Seleccionar dispositivos',
  label: 'Dispositivos seleccionados',
  all: 'Seleccionar todo',
  mostSelected: (n: string) => `Puede seleccionar como máximo ${n} dispositivos a la vez.`,
  silence: 'Silenciar…',
  area: 'Área…',
  labels: 'Etiquetas…',
  delete: 'Eliminar…',
  mostSilenced: (n: number) =>
    `Un silencio puede tener como máximo ${n} dispositivos. Silencie un área o una etiqueta.`,
  titles: {
    area: (n: number) => plural(n, { one: 'Área de 1 dispositivo', other: `Área de ${n} dispositivos` }),
    labels: (n: number) =>
      plural(n, { one: 'Etiquetas de 1 dispositivo', other: `Etiquetas de ${n} dispositivos` }),
    delete: (n: number) =>
      plural(n, { one: '¿Eliminar 1 dispositivo?', other: `¿Eliminar ${n} dispositivos?` }),
  },
  apply: { area: 'Asignar área', labels: 'Cambiar etiquetas', delete: 'Eliminar definitivamente' },
  areaHint: 'Un nombre nuevo crea un área. Vacío: el área que comunica cada dispositivo.',
  add: 'Etiquetas nuevas, separadas por comas',
  remove: 'Etiquetas que quitar',
  present: (names: string) => `Existentes: ${names}`,
  noLabels: 'Ningún dispositivo tiene etiquetas.',
  deleteLead:
    'Elimina los dispositivos con su historial y sus alertas. Si uno vuelve a enviar, se añade como nuevo.',
  progress: (done: number, all: number) => `${done} de ${all}`,
  stop: 'Detener',
  again: 'Reintentar',
  undone: 'Cambios deshechos',
  changed: (n: number) =>
    plural(n, { one: `${n} dispositivo cambiado`, other: `${n} dispositivos cambiados` }),
  deleted: (n: number) =>
    plural(n, { one: `${n} dispositivo eliminado`, other: `${n} dispositivos eliminados` }),
  unchanged: (n: number) =>
    plural(n, {
      one: `${n} dispositivo no necesitó cambios`,
      other: `${n} dispositivos no necesitaron cambios`,
    }),
  failed: (n: number) =>
    plural(n, { one: `${n} dispositivo no se ha cambiado:`, other: `${n} dispositivos no se han cambiado:` }),
};
