// Texts of diagnoses.

import { plural } from '../plural';

export const diagnosis = {
  title: 'Diagnóstico',
  of: (device: string, first: boolean) =>
    `Diagnóstico de ${device} (${first ? 'con la primera alerta de este incidente' : 'en el mismo incidente'}).`,
  ofEarlier: (time: string) =>
    `Este diagnóstico es de una alerta anterior de este incidente. Se escribió el ${time}, antes de que se activara esta alerta.`,
  ofOther: (time: string) => `Este diagnóstico es de otra alerta de este incidente. Se escribió el ${time}.`,
  ofEarlierBrief: (time: string) => `De una alerta anterior (${time}):`,
  asOf: (time: string) => `Basado en lecturas hasta ${time}.`,
  pending: 'Analizando las lecturas…',
  none: 'No hay diagnóstico de esta alerta.',
  outcome: {
    named: 'Causa conocida',
    possible: 'Causa incierta',
    unknown: 'Causa desconocida',
    normal: 'Nada inusual',
  },
  possibleLead: 'Estas causas conocidas encajan, pero ninguna lo bastante como para afirmarla:',
  unknownLead: 'Ninguna causa conocida encaja con las lecturas. Esto es lo que se sabe:',
  manual: 'Del manual',
  page: (file: string, page: number) => `${file}, página ${page}`,
  builtin: 'analista integrado',
  builtinLong: 'Escrito por el analista integrado: reglas y estadística, no un modelo de lenguaje.',
  model: (provider: string, model: string) =>
    `Escrito por ${model} (${provider}). El hub comparó sus afirmaciones con las lecturas.`,
  match: {
    strong: 'coincidencia alta',
    medium: 'coincidencia media',
    weak: 'coincidencia baja',
  },
  evidence: 'Indicios',
  against: 'Indicios en contra',
  kind: {
    observation: 'Lo que muestran las lecturas',
    inference: 'Opinión del modelo',
    advice: 'Consejo del modelo',
  },
  byHub: 'del hub, a partir de las lecturas',
  struck: (n: number) =>
    `${n} ${plural(n, { one: 'afirmación eliminada: las lecturas la contradicen', other: 'afirmaciones eliminadas: las lecturas las contradicen' })}`,
  opinionOfAnalyst: 'Analista',
  opinionOfModel: (model: string) => `Modelo (${model})`,
  undecided: 'sin decidir',
  awaits: (provider: string, model: string) =>
    `${model} (${provider}) sigue escribiendo. Su texto sustituirá a este.`,
  unsupported: 'sin respaldo en los indicios',
  actions: 'Acciones recomendadas',
  confirm: 'Cómo confirmarlo',
  others: 'También podría ser',
  possibly: (titles: string) => `Posible: ${titles}.`,
  deciding: (check: string, several: boolean) =>
    `${several ? 'Para distinguirlas' : 'Para confirmarla'}: ${check}`,
  tell: (check: string) => `Para confirmarla: ${check}`,
  nature: {
    fault: 'fallo',
    act: 'no es un fallo: lo causó una persona o un programa',
    process: 'no es un fallo: cambiaron las condiciones',
    normal: 'funcionamiento normal',
  },
  takesOver: 'En su lugar responde el analista integrado.',
  instead: (provider: string, model: string) =>
    `${model} (${provider}) no dio una respuesta útil; respondió el siguiente proveedor.`,
  run: 'Diagnosticar ahora',
  runAlert: 'Diagnosticar esta alerta',
  running: 'Diagnosticando…',
  more: 'Diagnóstico completo',
  goto: 'Mostrar en el gráfico',
  all: (n: number) => `Mostrar los ${n}`,
};
