// Texts of the Analyse page.

import { plural } from '../plural';

export const analyse = {
  title: 'Analyse',
  lead: 'Laden Sie ein Bild (PNG, JPEG, WebP), eine Aufnahme (WAV, FLAC, MP3, OGG) oder ein PDF hoch.',
  drop: 'Datei hier ablegen, einfügen oder',
  pick: 'Datei auswählen',
  working: (stage: string) =>
    stage ? `${stage[0]!.toUpperCase()}${stage.slice(1)}…` : 'Datei wird gesendet…',
  size: (w: number, h: number) => `${w} × ${h} px`,
  pages: (n: number) => `${n} ${plural(n, { one: 'Seite', other: 'Seiten' })}`,
  seconds: (n: number) => `${n} s`,
  progress: 'Fortschritt der Analyse',
  stop: 'Abbrechen',
  by: (model: string) => `Analysiert von ${model}`,
  another: 'Weitere Datei analysieren',
  wrongType:
    'Dateityp nicht unterstützt. Wählen Sie ein Bild (PNG, JPEG, WebP), eine Aufnahme (WAV, FLAC, MP3, OGG) oder ein PDF.',
  device: 'Gerät (optional)',
  noDevice: 'Kein Gerät',
  result: 'Ergebnis',
  noResult: 'Noch kein Ergebnis.',
  preview: 'Ausgewähltes Bild',
  impacts: (hz: number) => `Stöße wiederholen sich mit ${hz} Hz`,
  tones: 'Hervortretende Frequenzen',
  tone: (hz: number, db: number) => `${hz} Hz, ${db} dB über dem Hintergrund`,
  models: 'Als Handbuch für Gerätemodelle verwenden',
  modelsHint: 'zum Beispiel CP-80, CP-90',
  bind: 'Zuweisen',
  ask: 'Frage zu diesem Dokument stellen',
  askIt: 'Fragen',
  notOwn: 'Dieses Handbuch stammt von einer anderen Person. Nur sie und Administratoren können es ändern.',
  remove: 'Analyse löschen',
  removeLead: 'Löscht das Ergebnis der Analyse. Um es wieder zu erhalten, analysieren Sie die Datei erneut.',
  earlier: 'Frühere Analysen',
  none: 'Noch keine Dateien analysiert.',
  more: 'Mehr laden',
  kind: {
    image: 'Bild',
    audio: 'Aufnahme',
    document: 'Dokument',
  },
};
