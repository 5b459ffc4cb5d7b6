// Messages of the hub.

import { T, type Params } from '..';
import { messagesIn } from '../hubMessages';
import { alertWords, type MessageWords } from '../messageWords';
import causes from './causes.json';
import texts from './hub.json';

const severity = (p: Params, key: string): string => T.severity[p[key] as keyof typeof T.severity];
const command = (p: Params): string =>
  p['value'] === null || p['value'] === undefined ? `${p['command']}` : `${p['command']} = ${p['value']}`;
const by = (p: Params): string => (p['by'] ? `${p['by']}` : 'Jemand');
const silence = (p: Params, done: string): string =>
  p['by']
    ? `${p['by']} hat die Stummschaltung ${done}: ${p['note']}`
    : `Die Stummschaltung wurde ${done}: ${p['note']}`;

const words: MessageWords = {
  ...alertWords(texts.alert),
  causes,
  clears: (rest, time) => `endet${rest ? ` ${rest}` : ''}${time ? ` nach ${time}` : ''}`,
  only: (windows, zone) => `; nur ${windows} (${zone})`,
  activity: {
    discovered: (p) => `${p['name']} wurde entdeckt`,
    deleted: (p) => `${p['by']} hat ${p['name']} mit Verlauf gelöscht`,
    'presence.new': (p) => `${p['name']} ist online`,
    'presence.online': (p) => `${p['name']} ist wieder online`,
    'presence.stale': (p) => `${p['name']} ist überfällig: seit längerem keine Daten`,
    'presence.offline': (p) => `${p['name']} ist offline`,
    'alert.raised': (_, alert) => alert,
    'alert.changed': (_, alert) => `Regel geändert: ${alert}`,
    'alert.severity': (p, alert) =>
      `Schweregrad geändert von ${severity(p, 'was')} zu ${severity(p, 'severity')}: ${alert}`,
    'alert.acknowledged': (p, alert) => `${by(p)} hat quittiert: ${alert}`,
    'alert.unacknowledged': (p, alert) => `${by(p)} hat die Quittierung zurückgenommen: ${alert}`,
    'alert.acknowledgement_expired': (_, alert) => `Quittierung abgelaufen: ${alert}`,
    'alert.assigned': (p, alert) => `${by(p)} hat an ${p['assignee']} zugewiesen: ${alert}`,
    'alert.unassigned': (p, alert) => `${by(p)} hat die Zuweisung aufgehoben: ${alert}`,
    'alert.muted': (p, alert) => `${by(p)} hat stummgeschaltet: ${alert}`,
    'alert.unmuted': (p, alert) => `${by(p)} hat die Stummschaltung aufgehoben: ${alert}`,
    'alert.mute_expired': (_, alert) => `Stummschaltung abgelaufen: ${alert}`,
    'alert.silenced': (p, alert) => `Stummgeschaltet: ${alert} (${p['text']})`,
    'alert.unsilenced': (p, alert) => `Nicht mehr stummgeschaltet: ${alert} (${p['text']})`,
    'alert.suppressed': (_, alert) => `Unterdrückt, Gateway ausgefallen: ${alert}`,
    'alert.flapping_ended': (_, alert) => `Flattert nicht mehr: ${alert}`,
    'alert.commented': (p, alert) => `${by(p)} hat kommentiert (${alert}): ${p['text']}`,
    'alert.closed': (p, alert) => `${by(p)} hat geschlossen: ${alert}`,
    'alert.cleared': (_, alert, time) => `Alarm beendet${time ? ` nach ${time}` : ''}: ${alert}`,
    'alert.cleared_late': (_, alert, time) =>
      `Verspätet gemeldeter Alarm, beendet${time ? ` nach ${time}` : ''}: ${alert}`,
    'alert.withdrawn': (_, alert) => `Alarm zurückgezogen: ${alert}`,
    'alert.cause_confirmed': (p, alert) =>
      `${by(p)} hat die Ursache bestätigt (${alert}): ${causes.titles[p['title'] as keyof typeof causes.titles] ?? p['title']}${p['fix'] ? `; behoben durch: ${p['fix']}` : ''}`,
    'alert.cause_removed': (p, alert) => `${by(p)} hat die Ursache entfernt: ${alert}`,
    'silence.created': (p) => silence(p, 'erstellt'),
    'silence.edited': (p) => silence(p, 'geändert'),
    'silence.started': (p) => silence(p, 'gestartet'),
    'silence.stopped': (p) => silence(p, 'unterbrochen'),
    'silence.ended': (p) => silence(p, 'beendet'),
    'command.sent': (p) => `${p['by']} hat ${command(p)} an ${p['name']} gesendet`,
    'command.acknowledged': (p) => `${p['name']} hat ${command(p)} ausgeführt`,
    'command.confirmed': (p) => `${p['name']} hat ${command(p)} bestätigt`,
    'command.failed': (p) => `${p['name']} konnte ${command(p)} nicht ausführen`,
    'command.expired': (p) => `${p['name']} war nicht erreichbar, bevor ${command(p)} ablief`,
    'command.unverified': (p) => `${p['name']} hat ${command(p)} nicht bestätigt`,
    'gap.dropped': (p) =>
      `Die Warteschlange des Brokers war voll; er hat ${p['dropped']} Nachrichten verworfen.`,
    'gap.session': () => 'Der Broker hat die Sitzung des Hubs verloren. Es können Nachrichten fehlen.',
    'broker.lost': (p) => `Keine Verbindung zum MQTT-Broker unter ${p['address']}: ${p['reason']}.`,
    'broker.restored': (p) => `Wieder mit dem MQTT-Broker unter ${p['address']} verbunden.`,
  },
  staysOpen: {
    never_reported: (p) => `${p['name']} meldet ${p['metric']} nicht. Der Alarm bleibt bis dahin offen.`,
    not_reported: (p, age) =>
      `${p['name']} hat ${p['metric']} seit ${age} nicht gemeldet. Der Alarm bleibt bis dahin offen.`,
    value_unknown: (p) =>
      `Der Wert von ${p['metric']} ist unbekannt. Der Alarm bleibt offen, bis er gemeldet wird.`,
    value_is_text: (p) =>
      `${p['metric']} ist „${p['value']}“, also keine Zahl. Der Alarm bleibt offen, bis es wieder eine Zahl ist.`,
    device_offline: (p) =>
      `${p['name']} ist offline. Der Alarm bleibt offen, bis es ${p['metric']} wieder meldet.`,
    device_stale: (p) =>
      `${p['name']} sendet nicht mehr. Der Alarm bleibt offen, bis es ${p['metric']} wieder meldet.`,
  },
};

export const hub = messagesIn(words);
