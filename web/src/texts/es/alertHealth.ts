// Texts of the page about the health of the alert system.

import { plural } from '../plural';

export const alertHealth = {
  title: 'Calidad de las alertas',
  lead: 'Muestra las alertas de los últimos siete días, cuáles fueron ruido y qué reglas conviene cambiar.',
  week: 'Esta semana',
  count: (count: number, before: number): string => {
    const alerts = plural(count, { one: '1 alerta', other: `${count} alertas` });
    if (count === before) return `${alerts}, las mismas que la semana anterior.`;
    const more = count > before ? `${count - before} más` : `${before - count} menos`;
    return `${alerts}, ${more} que la semana anterior.`;
  },
  none: 'No hay alertas.',
  rule: 'Regla',
  alerts: 'Alertas',
  devices: 'Dispositivos',
  open: 'Tiempo total',
  acknowledged: 'Reconocidas',
  advice: 'Reglas que conviene cambiar',
  noAdvice: 'Ninguna regla generó alertas innecesarias.',
  change: 'Cambiar la regla',
  drifts: 'Se acercan a un límite',
  noDrifts: 'Con la tendencia actual, ninguna métrica alcanza un límite en dos semanas.',
  drift: (value: string, limit: string, perDay: string, days: string): string =>
    `ahora ${value}, ${perDay} al día: alcanza ${limit} en ${days}`,
  days: (days: number): string =>
    days < 1
      ? 'menos de un día'
      : plural(Math.round(days), { one: 'un día, aproximadamente', other: `unos ${Math.round(days)} días` }),
  isa: 'Comparación con ISA-18.2',
  isaLead: (count: string, hidden: number): string =>
    `Según ${count} alertas${hidden ? `, sin ${hidden} silenciadas, suprimidas o tardías` : ''}. Los objetivos son para un operador.`,
  incomplete: 'Hay más de 20 000 alertas. Solo se cuentan las 20 000 más recientes.',
  figure: 'Indicador',
  value: 'Valor',
  target: 'Objetivo (como máximo)',
  result: 'Resultado',
  met: 'cumplido',
  missed: 'superado',
  fewSources: 'sin evaluar: 20 fuentes como máximo',
  figures: {
    per_hour: 'Alertas por hora',
    most_in_10_minutes: 'Máximo de alertas en 10 minutos',
    hours_over_30: 'Horas con más de 30 alertas',
    in_flood: 'Tiempo en avalancha de alertas',
    from_top: 'Alertas de las diez fuentes más frecuentes',
    stale: 'Abiertas más de un día',
  },
  toAcknowledge: 'Tiempo hasta el reconocimiento',
  waits: (median: string, slow: string): string => `la mitad en ${median}, nueve de cada diez en ${slow}`,
  nobody: 'ninguna alerta se reconoció',
  top: 'Más frecuentes',
  chattering: 'Repetitivas: tres alertas en un minuto',
  fleeting: 'Fugaces: resueltas en un minuto, sin reconocer',
  nothing: 'Ninguna.',
  file: 'Descargar como archivo',
  fileLead:
    'Lecturas, reglas, eventos y diagnóstico en un archivo que «hub replay» reproduce en cualquier hub.',
};
