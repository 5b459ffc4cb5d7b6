// Texts of the Analyse page.

import { plural } from '../plural';

export const analyse = {
  title: 'Análisis',
  lead: 'Suba una imagen (PNG, JPEG, WebP), una grabación (WAV, FLAC, MP3, OGG) o un PDF.',
  drop: 'Suelte aquí un archivo, péguelo o',
  pick: 'elija un archivo',
  working: (stage: string) =>
    stage ? `${stage[0]!.toUpperCase()}${stage.slice(1)}…` : 'Enviando el archivo…',
  size: (w: number, h: number) => `${w} × ${h} px`,
  pages: (n: number) => `${n} ${plural(n, { one: 'página', other: 'páginas' })}`,
  seconds: (n: number) => `${n} s`,
  progress: 'Progreso del análisis',
  stop: 'Detener',
  by: (model: string) => `Analizado por ${model}`,
  another: 'Analizar otro archivo',
  wrongType:
    'Tipo de archivo no admitido. Elija una imagen PNG, JPEG o WebP, una grabación WAV, FLAC, MP3 u OGG, o un PDF.',
  device: 'Dispositivo (opcional)',
  noDevice: 'Ningún dispositivo',
  result: 'Resultado',
  noResult: 'Aún no hay resultado.',
  preview: 'Imagen seleccionada',
  impacts: (hz: number) => `Los impactos se repiten a ${hz} Hz`,
  tones: 'Frecuencias destacadas',
  tone: (hz: number, db: number) => `${hz} Hz, ${db} dB sobre el fondo`,
  models: 'Usar como manual de modelos de dispositivo',
  modelsHint: 'por ejemplo CP-80, CP-90',
  bind: 'Asignar',
  ask: 'Preguntar sobre este documento',
  askIt: 'Preguntar',
  notOwn: 'Este manual lo añadió otra persona. Solo ella y los administradores pueden cambiarlo.',
  remove: 'Eliminar análisis',
  removeLead: 'Elimina el resultado del análisis. Para recuperarlo, analice de nuevo el archivo.',
  earlier: 'Análisis anteriores',
  none: 'Aún no se han analizado archivos.',
  more: 'Cargar más',
  kind: {
    image: 'imagen',
    audio: 'grabación',
    document: 'documento',
  },
};
