// Texts of the Analyse page.

import { plural } from '../plural';

export const analyse = {
  title: 'Analyse',
  lead: 'Upload a picture (PNG, JPEG, WebP), a recording (WAV, FLAC, MP3, OGG) or a PDF.',
  drop: 'Drop a file here, paste it, or',
  pick: 'choose a file',
  working: (stage: string) => (stage ? `${stage[0]!.toUpperCase()}${stage.slice(1)}…` : 'Sending the file…'),
  size: (w: number, h: number) => `${w} × ${h} px`,
  pages: (n: number) => `${n} ${plural(n, { one: 'page', other: 'pages' })}`,
  seconds: (n: number) => `${n} s`,
  progress: 'Analysis progress',
  stop: 'Stop',
  by: (model: string) => `Analysed by ${model}`,
  another: 'Analyse another file',
  wrongType:
    'File type not supported. Choose a PNG, JPEG or WebP picture, a WAV, FLAC, MP3 or OGG recording, or a PDF.',
  device: 'Device (optional)',
  noDevice: 'No device',
  result: 'Result',
  noResult: 'No result yet.',
  preview: 'Selected picture',
  impacts: (hz: number) => `Impacts repeat at ${hz} Hz`,
  tones: 'Prominent frequencies',
  tone: (hz: number, db: number) => `${hz} Hz, ${db} dB above background`,
  models: 'Use as manual for device models',
  modelsHint: 'for example CP-80, CP-90',
  bind: 'Assign',
  ask: 'Ask about this document',
  askIt: 'Ask',
  notOwn: 'Somebody else added this manual. Only that person and administrators can change it.',
  remove: 'Delete analysis',
  removeLead: 'Deletes the result of the analysis. To get it back, analyse the file again.',
  earlier: 'Previous analyses',
  none: 'No files analysed yet.',
  more: 'Load more',
  kind: {
    image: 'picture',
    audio: 'recording',
    document: 'document',
  },
};
