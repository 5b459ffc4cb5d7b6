// The terms of the translations: one word for each thing. A catalogue that uses another word for it fails here.

import { describe, expect, it } from 'vitest';
import { CATALOGUES } from '.';

interface Term {
  en: string;
  de: string;
  es: string;
  /** Words for the same thing that are not used, as a regular expression without regard to case. */
  not?: { de?: RegExp; es?: RegExp };
}

const TERMS: Term[] = [
  {
    en: 'alert',
    de: 'Alarm',
    es: 'alerta',
    not: { de: /warnmeldung/i, es: /alarma/i },
  },
  { en: 'acknowledge', de: 'quittieren', es: 'reconocer' },
  { en: 'area', de: 'Bereich', es: 'área', not: { es: /\bzonas?\b(?! horaria)/i } },
  { en: 'clear (an alert)', de: 'enden, beendet', es: 'resolverse, resuelta' },
  {
    en: 'command',
    de: 'Befehl',
    es: 'comando',
    not: { de: /kommando/i, es: /\b(la|una|esta|las) (orden|órdenes)\b/i },
  },
  { en: 'create', de: 'erstellen', es: 'crear', not: { de: /anlegen|angelegt|anzulegen/i } },
  { en: 'dashboard', de: 'Dashboard', es: 'panel', not: { es: /dashboard|tablero/i } },
  { en: 'dry run', de: 'Probelauf', es: 'simulación', not: { es: /simulacro/i } },
  { en: 'gateway', de: 'Gateway', es: 'pasarela' },
  { en: 'incident', de: 'Störung', es: 'incidente', not: { de: /vorfall/i, es: /\bincidencia/i } },
  { en: 'label', de: 'Label', es: 'etiqueta', not: { de: /etikett/i } },
  { en: 'maintenance window', de: 'Wartungsfenster', es: 'ventana de mantenimiento' },
  { en: 'metric', de: 'Messgröße', es: 'métrica', not: { de: /metrik/i, es: /\bmedidas?\b/i } },
  { en: 'mute, silence', de: 'stummschalten', es: 'silenciar', not: { de: /ruhigstell/i } },
  { en: 'not yet', de: 'noch kein', es: 'aún no', not: { es: /todavía/i } },
  { en: 'period', de: 'Zeitraum', es: 'periodo', not: { es: /período/i } },
  { en: 'quantity', de: 'physikalische Größe', es: 'magnitud' },
  { en: 'reaction', de: 'Reaktion', es: 'reacción' },
  { en: 'reading', de: 'Messwert', es: 'lectura' },
  { en: 'rule', de: 'Regel', es: 'regla' },
  { en: 'severity', de: 'Schweregrad', es: 'gravedad', not: { es: /severidad/i } },
  { en: 'silence', de: 'Stummschaltung', es: 'silencio' },
  {
    en: 'stale',
    de: 'überfällig',
    es: 'sin datos recientes',
    not: { de: /veraltet/i, es: /callad|retrasad/i },
  },
  {
    en: 'you',
    de: 'Sie',
    es: 'usted',
    not: { de: /\b(du|dein|deine|dich|dir)\b/i, es: /\b(tú|tus|puedes)\b/i },
  },
];

/** Return the texts of a catalogue; of a function its source, which contains its words. */
const textsOf = (node: unknown): string[] =>
  typeof node === 'string' || typeof node === 'function'
    ? [String(node)]
    : Object.values(node as object).flatMap(textsOf);

describe.each(['de', 'es'] as const)('%s', (code) => {
  it('uses one term for each thing', async () => {
    const all = textsOf((await CATALOGUES[code]()).texts);
    const others = TERMS.flatMap((term) => {
      const other = term.not?.[code];
      return other ? all.filter((text) => other.test(text)).map((text) => [term[code], text]) : [];
    });
    expect(others).toEqual([]);
  });
});
