// Texts of the test of a rule on stored readings, and of suggested limits.

import { plural } from '../plural';

const times = (count: number): string => plural(count, { one: 'una vez', other: `${count} veces` });
const devices = (count: number): string =>
  plural(count, { one: '1 dispositivo', other: `${count} dispositivos` });

export const backtest = {
  title: 'Prueba con lecturas guardadas',
  period: 'Periodo',
  periods: { day: 'Último día', week: 'Última semana' },
  series: 'Dispositivo y métrica',
  running: 'Probando…',
  waiting: 'Complete la regla para probarla.',
  fired: (count: number, onDevices: number, longest: string): string =>
    count === 0
      ? 'No se habría activado.'
      : `Se habría activado ${times(count)} en ${devices(onDevices)}, como máximo durante ${longest}.`,
  before: (count: number): string =>
    count === 0
      ? 'La regla guardada no se habría activado.'
      : `La regla guardada se habría activado ${times(count)}.`,
  added: (count: number): string => `Solo con los cambios: ${count}.`,
  gone: (count: number): string => `Solo con la regla guardada: ${count}.`,
  basis: (readings: string, tested: string, of: string): string =>
    `Probada con ${readings} lecturas de ${tested} de ${of} dispositivos.`,
  since: (from: string): string => `Lecturas desde ${from}.`,
  leftOut: {
    no_readings: (names: string): string => `Sin lecturas: ${names}.`,
    too_many_readings: (names: string): string =>
      `Demasiadas lecturas, elija un periodo más corto: ${names}.`,
    too_many_devices: (names: string): string =>
      `No probados, porque el límite es de 100 dispositivos: ${names}.`,
  },
  more: (count: number): string => `y ${count} más`,
  firings: 'Activaciones más recientes',
  stillOpen: 'aún abierta al final',
  whole: 'Todo el periodo',
  suggest: 'Sugerir límites',
  suggesting: 'Leyendo el historial…',
  suggestedFrom: (own: number, peers: number): string =>
    peers === 0
      ? `Según la última semana de ${devices(own)}:`
      : `Según la última semana de ${devices(own)} y ${peers} más del mismo modelo:`,
  compareSensitivities: 'Comparar las sensibilidades con la última semana',
  sensitivity: { high: 'Sensible', medium: 'Equilibrado', low: 'Poco sensible' },
  use: (limit: string, clear: string, fired: string): string => `${limit}, se resuelve en ${clear}: ${fired}`,
  wouldFire: (count: number): string =>
    count === 0 ? 'no se habría activado' : `se habría activado ${times(count)}`,
  words: {
    label: 'Describa la regla con palabras',
    example: 'Avísame cuando un congelador siga por encima de -15 °C durante diez minutos por la noche',
    draft: 'Redactar',
    drafting: 'Leyendo…',
    by: (model: string | null): string =>
      `Borrador ${model === null ? 'según su descripción' : `de ${model}`}. Revíselo abajo; aún no está guardado.`,
    unknown: (words: string): string => `No se entendió: ${words}.`,
    open: 'Abrir la regla en el formulario',
    proposal: 'Borrador de regla según su descripción',
  },
};
