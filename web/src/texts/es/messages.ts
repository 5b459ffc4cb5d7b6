// Messages of the hub.

import { T, type Params } from '..';
import { messagesIn } from '../hubMessages';
import { alertWords, type MessageWords } from '../messageWords';
import causes from './causes.json';
import texts from './hub.json';

const severity = (p: Params, key: string): string => T.severity[p[key] as keyof typeof T.severity];
const command = (p: Params): string =>
  p['value'] === null || p['value'] === undefined ? `${p['command']}` : `${p['command']} = ${p['value']}`;
const by = (p: Params): string => (p['by'] ? `${p['by']}` : 'Alguien');
const silence = (p: Params, active: string, passive: string): string =>
  p['by'] ? `${p['by']} ${active} el silencio: ${p['note']}` : `El silencio ${passive}: ${p['note']}`;

const words: MessageWords = {
  ...alertWords(texts.alert),
  causes,
  clears: (rest, time) => `se resuelve${rest ? ` ${rest}` : ''}${time ? ` tras ${time}` : ''}`,
  only: (windows, zone) => `; solo ${windows} (${zone})`,
  activity: {
    discovered: (p) => `Se descubrió ${p['name']}`,
    deleted: (p) => `${p['by']} eliminó ${p['name']} con su historial`,
    'presence.new': (p) => `${p['name']} está en línea`,
    'presence.online': (p) => `${p['name']} vuelve a estar en línea`,
    'presence.stale': (p) => `${p['name']} no envía datos recientes`,
    'presence.offline': (p) => `${p['name']} está sin conexión`,
    'alert.raised': (_, alert) => alert,
    'alert.changed': (_, alert) => `Regla cambiada: ${alert}`,
    'alert.severity': (p, alert) =>
      `La gravedad cambió de ${severity(p, 'was')} a ${severity(p, 'severity')}: ${alert}`,
    'alert.acknowledged': (p, alert) => `${by(p)} reconoció ${alert}`,
    'alert.unacknowledged': (p, alert) => `${by(p)} quitó el reconocimiento de ${alert}`,
    'alert.acknowledgement_expired': (_, alert) => `Reconocimiento caducado: ${alert}`,
    'alert.assigned': (p, alert) => `${by(p)} asignó la alerta a ${p['assignee']}: ${alert}`,
    'alert.unassigned': (p, alert) => `${by(p)} quitó al responsable de ${alert}`,
    'alert.muted': (p, alert) => `${by(p)} silenció ${alert}`,
    'alert.unmuted': (p, alert) => `${by(p)} dejó de silenciar ${alert}`,
    'alert.mute_expired': (_, alert) => `Ya no está silenciada: ${alert}`,
    'alert.silenced': (p, alert) => `En silencio: ${alert} (${p['text']})`,
    'alert.unsilenced': (p, alert) => `Terminó el silencio: ${alert} (${p['text']})`,
    'alert.suppressed': (_, alert) => `Suprimida, pasarela caída: ${alert}`,
    'alert.flapping_ended': (_, alert) => `Ya no es intermitente: ${alert}`,
    'alert.commented': (p, alert) => `${by(p)} comentó sobre ${alert}: ${p['text']}`,
    'alert.closed': (p, alert) => `${by(p)} cerró ${alert}`,
    'alert.cleared': (_, alert, time) => `Alerta resuelta${time ? ` tras ${time}` : ''}: ${alert}`,
    'alert.cleared_late': (_, alert, time) =>
      `Alerta notificada tarde, resuelta${time ? ` tras ${time}` : ''}: ${alert}`,
    'alert.withdrawn': (_, alert) => `Alerta retirada: ${alert}`,
    'alert.cause_confirmed': (p, alert) =>
      `${by(p)} confirmó la causa de ${alert}: ${causes.titles[p['title'] as keyof typeof causes.titles] ?? p['title']}${p['fix'] ? `; solución: ${p['fix']}` : ''}`,
    'alert.cause_removed': (p, alert) => `${by(p)} quitó la causa de ${alert}`,
    'silence.created': (p) => silence(p, 'creó', 'se creó'),
    'silence.edited': (p) => silence(p, 'editó', 'se editó'),
    'silence.started': (p) => silence(p, 'inició', 'empezó'),
    'silence.stopped': (p) => silence(p, 'detuvo', 'se detuvo'),
    'silence.ended': (p) => silence(p, 'terminó', 'terminó'),
    'command.sent': (p) => `${p['by']} envió ${command(p)} a ${p['name']}`,
    'command.acknowledged': (p) => `${p['name']} ejecutó ${command(p)}`,
    'command.confirmed': (p) => `${p['name']} confirmó ${command(p)}`,
    'command.failed': (p) => `${p['name']} no pudo ejecutar ${command(p)}`,
    'command.expired': (p) => `${p['name']} no estuvo accesible antes de que caducara ${command(p)}`,
    'command.unverified': (p) => `${p['name']} no ha confirmado ${command(p)}`,
    'gap.dropped': (p) => `La cola del broker estaba llena; descartó ${p['dropped']} mensajes.`,
    'gap.session': () => 'El broker perdió la sesión del hub. Pueden faltar mensajes.',
    'broker.lost': (p) => `Sin conexión con el broker MQTT en ${p['address']}: ${p['reason']}.`,
    'broker.restored': (p) => `Conexión con el broker MQTT en ${p['address']} restablecida.`,
  },
  staysOpen: {
    never_reported: (p) => `${p['name']} no envía ${p['metric']}. La alerta sigue abierta hasta que lo haga.`,
    not_reported: (p, age) =>
      `${p['name']} no envía ${p['metric']} desde hace ${age}. La alerta sigue abierta hasta que lo haga.`,
    value_unknown: (p) =>
      `El valor de ${p['metric']} es desconocido. La alerta sigue abierta hasta que se reciba.`,
    value_is_text: (p) =>
      `${p['metric']} es «${p['value']}», que no es un número. La alerta sigue abierta hasta que vuelva a serlo.`,
    device_offline: (p) =>
      `${p['name']} está sin conexión. La alerta sigue abierta hasta que vuelva a enviar ${p['metric']}.`,
    device_stale: (p) =>
      `${p['name']} ha dejado de enviar datos. La alerta sigue abierta hasta que vuelva a enviar ${p['metric']}.`,
  },
};

export const hub = messagesIn(words);
