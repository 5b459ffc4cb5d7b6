// Texts of calculated metrics.

import { plural } from '../plural';

const devices = (n: number, shown: string): string =>
  `${shown} ${plural(n, { one: 'dispositivo', other: 'dispositivos' })}`;

export const calculated = {
  title: 'Métricas calculadas',
  lead: 'Una métrica calculada se obtiene de otras métricas con una expresión. Las definiciones se guardan en calculated.toml, en la carpeta de datos; los cambios se aplican de inmediato.',
  add: 'Nueva métrica',
  newMetric: 'Nueva métrica',
  edit: (name: string) => `Editar ${name}`,
  back: 'Todas las métricas calculadas',
  gone: 'Métrica calculada no encontrada. Puede haberse eliminado.',
  none: 'Aún no hay métricas calculadas. Elija «Nueva métrica» para crear una.',
  form: 'Formulario',
  text: 'TOML',
  textLead:
    'La métrica tal como está en calculated.toml. Los cambios aquí actualizan el formulario, y al revés.',
  unread: 'Corrija el TOML para ver el formulario.',
  save: 'Guardar',
  cancel: 'Cancelar',
  remove: 'Eliminar métrica',
  removeOne: (name: string) => `Eliminar ${name}`,
  removeLead: 'El historial de la métrica se conserva. Puede deshacerlo durante unos segundos.',
  saved: (name: string) => `${name} guardada`,
  removed: (name: string) => `${name} eliminada`,
  undone: 'Cambio deshecho',
  checking: 'Comprobando…',
  covers: (n: number, shown: string, unit: string | null) =>
    `Se calcula para ${devices(n, shown)}, ${unit ? `en ${unit}` : 'sin unidad'}.`,
  optional: (label: string) => `${label} (opcional)`,
  columns: { name: 'Nombre', expression: 'Expresión', on: 'Dispositivos', every: 'Cada', unit: 'Unidad' },
  count: (n: number, shown: string) => devices(n, shown),
  derived: 'Derivada',
  fields: {
    name: 'Nombre',
    id: 'ID',
    metric: 'Métrica',
    expression: 'Expresión',
    unit: 'Unidad',
    device: 'Guardar el resultado en un dispositivo (ID)',
    every: 'Calcular cada',
    max_age: 'Antigüedad máxima de las entradas',
    devices: 'Dispositivos',
    models: 'Modelos',
    labels: 'Etiquetas',
    areas: 'Áreas',
    via: 'Pasarelas',
  },
  notes: {
    expression:
      'Métricas del dispositivo, + - * / y funciones: rate(x, 300), average(x, 300), total(power / 1000), sum(metric("power", area="Hall 2"))',
    unit: 'Si está vacía, se deriva de las entradas',
    device: 'Si se indica, los campos siguientes no se usan. El dispositivo se crea si no existe',
    max_age: 'Las entradas más antiguas cuentan como ausentes',
  },
  trial: {
    title: 'Prueba con lecturas guardadas',
    lead: (readings: string, step: string) =>
      `Calculado cada ${step} a partir de ${readings} lecturas guardadas. Los valores no se guardan.`,
    more: (n: string, all: string) => `Se muestran ${n} de ${all} dispositivos.`,
    running: 'Calculando…',
    nothing: 'Sin valores: faltan entradas en este periodo.',
    periods: { hour: 'Última hora', day: 'Último día', week: 'Última semana' },
    period: 'Periodo',
    last: 'último',
  },
};
