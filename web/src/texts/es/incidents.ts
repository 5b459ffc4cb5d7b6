// Texts of incidents.

import { plural } from '../plural';

const alerts = (n: number): string => `${n} ${plural(n, { one: 'alerta', other: 'alertas' })}`;

export const incidents = {
  one: 'Incidente',
  titles: {
    'incident.device': (name: string, message: string) => `${name}: ${message}`,
    'incident.gateway': (name: string) => `No se recibe nada a través de ${name}`,
    'incident.rule': (name: string, message: string) => `${name} y otros: ${message}`,
  },
  states: { open: 'Abierto', acknowledged: 'Reconocido', resolved: 'Resuelto' },
  kinds: { device: 'Mismo dispositivo o máquina', gateway: 'Pasarela caída', rule: 'Misma regla' },
  alerts,
  suppressed: (n: number) => `${n} ${plural(n, { one: 'suprimida', other: 'suprimidas' })}`,
  suppressedBy: (name: string | null) =>
    name ? `Suprimida: ${name} está caída` : 'Suprimida: la pasarela está caída',
  suppressedLead: 'Nadie recibe notificaciones de esta alerta mientras su pasarela esté caída.',
  withdrawnLead:
    'Retirada al volver su pasarela. Si el dispositivo sigue sin enviar datos, se activa una alerta nueva.',
  flapping: 'Intermitente',
  flappingLead: 'Esta alerta se activa y se resuelve una y otra vez. No se notifica cada vez.',
  expand: (title: string) => `Mostrar las alertas de ${title}`,
  select: (title: string) => `Seleccionar las alertas de ${title}`,
  partOf: 'Incidente',
  first: 'Primer cambio',
  started: 'Inicio',
  ended: 'Resuelto',
  lasted: 'Duración',
  cause: 'Agrupadas por',
  chart: (title: string) => `${title} en torno al primer cambio`,
  list: 'Alertas',
  timeline: 'Cronología',
  missing:
    'Incidente no encontrado. Las alertas del incidente pueden ser anteriores al tiempo de conservación, o ser de dispositivos fuera de sus áreas.',
  more: (n: number) => `Mostrar ${n} más`,
};
