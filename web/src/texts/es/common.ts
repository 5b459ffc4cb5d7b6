// Texts shared by several pages: states, times, forms and errors.

import type { Texts } from '..';

export const brand = 'Watchkeeper';

export const confirm = {
  cancel: 'Cancelar',
  remove: 'Eliminar',
};

export const errors = {
  wholeHub: 'Esta página es para personas que ven todo el hub. Su cuenta está limitada a áreas o etiquetas.',
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

export const severity = {
  ok: 'OK',
  info: 'Info',
  warning: 'Advertencia',
  critical: 'Crítica',
};

export const standing = {
  critical: 'Crítica',
  warning: 'Advertencia',
  info: 'Info',
  ok: 'OK',
  stale: 'Sin datos recientes',
  offline: 'Sin conexión',
};

export const states: Texts['states'] = {
  onOff: ['Encendido', 'Apagado'],
  byClass: {
    battery: ['Baja', 'Normal'],
    battery_charging: ['Cargando', 'No está cargando'],
    carbon_monoxide: ['Detectado', 'Normal'],
    cold: ['Frío', 'Normal'],
    connectivity: ['Conectado', 'Desconectado'],
    contact: ['Cerrado', 'Abierto'],
    door: ['Abierta', 'Cerrada'],
    garage_door: ['Abierta', 'Cerrada'],
    gas: ['Detectado', 'Normal'],
    heat: ['Caliente', 'Normal'],
    light: ['Con luz', 'Sin luz'],
    lock: ['Desbloqueado', 'Bloqueado'],
    locked: ['Bloqueado', 'Desbloqueado'],
    moisture: ['Mojado', 'Seco'],
    motion: ['Detectado', 'Sin movimiento'],
    moving: ['En movimiento', 'Parado'],
    occupancy: ['Ocupado', 'Libre'],
    ok: ['OK', 'Problema'],
    opening: ['Abierto', 'Cerrado'],
    plug: ['Enchufado', 'Desenchufado'],
    power: ['Con corriente', 'Sin corriente'],
    presence: ['En casa', 'Fuera'],
    problem: ['Problema', 'OK'],
    running: ['En marcha', 'Parado'],
    safety: ['Inseguro', 'Seguro'],
    smoke: ['Humo detectado', 'Sin humo'],
    sound: ['Detectado', 'Sin sonido'],
    tamper: ['Manipulación', 'Normal'],
    update: ['Actualización disponible', 'Actualizado'],
    vibration: ['Detectada', 'Sin vibración'],
    window: ['Abierta', 'Cerrada'],
  },
  texts: {
    home: 'En casa',
    not_home: 'Fuera',
    lock: 'Bloqueado',
    unlock: 'Desbloqueado',
    opened: 'Abierto',
    close: 'Cerrado',
    locked: 'Bloqueado',
    unlocked: 'Desbloqueado',
    locking: 'Bloqueando',
    unlocking: 'Desbloqueando',
    jammed: 'Atascado',
    open: 'Abierto',
    opening: 'Abriendo',
    closed: 'Cerrado',
    closing: 'Cerrando',
    stopped: 'Detenido',
    on: 'Encendido',
    off: 'Apagado',
  },
};

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
