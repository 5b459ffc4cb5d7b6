// Texts of silences.

import { plural } from '../plural';

const clock = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const alerts = (n: number): string =>
  `${n} ${plural(n, { one: 'alerta abierta', other: 'alertas abiertas' })}`;

export const silences = {
  title: 'Silencios',
  lead: 'Nadie recibe notificaciones de las alertas en silencio. Se siguen activando, listando y marcando.',
  add: 'Nuevo silencio',
  edit: 'Editar silencio',
  create: 'Crear silencio',
  change: 'Editar',
  saved: 'Silencio guardado',
  ended: 'Silencio terminado',
  endNow: 'Terminar ahora',
  endTitle: (note: string) => `¿Terminar el silencio «${note}»?`,
  endLead: 'El silencio termina ahora para todas sus alertas y permanece en la lista como caducado.',
  states: { active: 'Activo', pending: 'Pendiente', expired: 'Caducado' },
  none: 'No hay silencios activos.',
  noneLead: 'Cree uno para trabajos previstos, una vez o cada semana.',
  by: (name: string) => `de ${name}`,
  hidesNow: (n: number) => `afecta a ${alerts(n)}`,
  wouldHide: (n: number) => `afectaría a ${alerts(n)}`,
  hides: (n: number) => `Afecta ahora a ${alerts(n)}`,
  covers: (n: number) => `Afecta a ${n} ${plural(n, { one: 'dispositivo', other: 'dispositivos' })}.`,
  missing: (parts: string[]) => `Falta: ${parts.join('; ')}.`,
  missingParts: {
    note: 'una nota',
    matchers: 'las alertas afectadas: un dispositivo, un área, una etiqueta, una regla o una gravedad',
    end: 'un fin',
    days: 'al menos un día',
    times: 'desde y hasta',
    zone: 'una zona horaria',
  },
  andMore: (n: number) => `y ${n} más`,
  chooseSome:
    'Rellene al menos un campo. El silencio es para las alertas que cumplen todos los campos rellenados.',
  next: (t: string) => `próxima vez ${t}`,
  until: (t: string) => `hasta ${t}`,
  window: (days: string, start: number, end: number, zone: string) =>
    `${days}, ${clock(start)} a ${clock(end)} (${zone})`,
  note: 'Nota',
  matchers: 'Alertas afectadas',
  lists: { devices: 'Dispositivos', areas: 'Áreas', labels: 'Etiquetas', rules: 'Reglas' },
  placeholders: { devices: 'bomba-*, ventilador-01', areas: 'Nave 2', labels: 'prueba', rules: 'calor' },
  models: 'Modelos',
  via: 'Pasarelas',
  severities: 'Gravedades',
  start: 'Inicio',
  startNow: 'Vacío: ahora',
  end: 'Fin',
  endNever: 'Vacío: hasta que usted lo termine',
  weekly: 'Repetir cada semana (ventana de mantenimiento)',
  days: 'Días',
  dayNames: ['lun', 'mar', 'mié', 'jue', 'vie', 'sáb', 'dom'],
  from: 'Desde',
  to: 'Hasta',
  zone: 'Zona horaria',
};
