// Texts shared by several pages: states, times, forms and errors.

import type { Texts } from '..';
import hub from './hub.json';

export const brand = 'Watchkeeper';

export const confirm = {
  cancel: 'Cancelar',
  remove: 'Eliminar',
};

export const errors = {
  wholeHub:
    'Esta página necesita acceso a todo el hub. Su cuenta está limitada a algunas áreas o etiquetas. Consulte a un administrador.',
  status: (code: number) =>
    `El hub devolvió el error ${code}. Inténtelo de nuevo o consulte el registro del hub.`,
  unreachable: 'No se puede acceder al hub. Compruebe que está en marcha e inténtelo de nuevo.',
  page: 'Página no encontrada.',
  home: 'Ir a los dispositivos',
  code: 'No se pudo cargar esta página: el hub no está accesible o se ha actualizado.',
  reload: 'Recargar',
  again: 'Reintentar',
};

export const form = {
  required: 'Introduzca un valor.',
  allowed: (what: string) => `Permitido: ${what}.`,
};

export const presence = {
  online: 'En línea',
  stale: 'Sin datos recientes',
  offline: 'Sin conexión',
};

export const severity = hub.severity;

export const standing = {
  critical: 'Crítica',
  warning: 'Advertencia',
  info: 'Info',
  ok: 'OK',
  stale: 'Sin datos recientes',
  offline: 'Sin conexión',
};

export const states = hub.states as unknown as Texts['states'];

export const time = {
  now: 'ahora',
  justNow: 'ahora mismo',
  ago: (t: string) => `hace ${t}`,
  units: {
    s: 's',
    min: 'min',
    h: 'h',
    d: 'd',
  },
};

export const toast = {
  dismiss: 'Cerrar',
  undo: 'Deshacer',
  region: 'Mensajes',
  copied: 'Copiado',
};
