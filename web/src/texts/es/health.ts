// Texts of the page on the health of devices.

import { plural } from '../plural';

export const health = {
  title: 'Salud de dispositivos',
  lead: 'Baterías, señales, dispositivos sin datos recientes o sin conexión, y firmware. Primero aparece lo que requiere atención.',
  refresh: 'Actualizar',
  loading: 'Comprobando dispositivos…',
  checked: (n: number) =>
    `${n} ${plural(n, { one: 'dispositivo comprobado', other: 'dispositivos comprobados' })}.`,
  batteries: 'Baterías',
  low: (n: number) => `${n} ${plural(n, { one: 'baja', other: 'bajas' })}`,
  noBatteries: 'Ningún dispositivo informa de la carga de una batería.',
  signals: 'Intensidad de señal',
  weak: (n: number) => `${n} ${plural(n, { one: 'débil', other: 'débiles' })}`,
  noSignals: 'Ningún dispositivo informa de su intensidad de señal.',
  silent: 'Dispositivos sin datos recientes o sin conexión',
  noSilent: 'Todos los dispositivos están en línea.',
  seen: 'Visto por última vez',
  never: 'nunca',
  lost: 'Métricas que ya no se envían',
  lostLead: 'Estos dispositivos están en línea, pero no han enviado esta métrica desde hace más de un día.',
  noLost: 'Todos los dispositivos en línea siguen enviando todas sus métricas.',
  firmware: 'Firmware',
  noFirmware: 'Ningún dispositivo informa de su firmware.',
  mixed: (n: number) => `${n} ${plural(n, { one: 'versión', other: 'versiones' })}`,
  unknownModel: 'Modelo desconocido',
  on: (version: string, n: number) => `${version}: ${n}`,
  more: (n: number) => `No se muestran otros ${n}.`,
};
