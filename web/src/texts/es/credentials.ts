// Texts of device access.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const devices = (n: number): string =>
  `${integer(n)} ${plural(n, { one: 'dispositivo', other: 'dispositivos' })}`;

export const credentials = {
  title: 'Acceso de dispositivos',
  add: 'Añadir un dispositivo',
  name: 'Nombre',
  nameHint: 'letras, cifras y . _ : ~ -',
  cancel: 'Cancelar',
  done: 'Listo',
  create: 'Crear contraseña',
  show: 'Mostrar cómo conectarse',
  demo: 'El broker de la demo acepta a cualquier cliente. Los dispositivos no necesitan contraseña.',
  noPassword: 'Por lo que el hub puede ver, este broker acepta clientes sin contraseña.',
  requirePasswords: 'Crear una contraseña y mostrar cómo exigirla',
  gateway: 'Es una pasarela (Zigbee2MQTT o similar)',
  prefixes: 'Prefijos de topic permitidos',
  password: 'Contraseña',
  once: 'Contraseña creada. Cópiela ahora; solo se muestra una vez.',
  gatewayOnce: (name: string) =>
    `Contraseña creada para la pasarela ${name}. Cópiela ahora; solo se muestra una vez.`,
  setup: 'Para exigir contraseñas, sustituya allow_anonymous true en mosquitto.conf por:',
  setupAfter: 'Después ejecute systemctl reload mosquitto. El hub ya se conecta con su propia contraseña.',
  notNotified: 'No se avisó al broker. Para aplicar el cambio, ejecute systemctl reload mosquitto.',
  paste: 'Para probar la conexión, ejecute:',
  qr: (name: string) => `Código QR con la dirección y la contraseña de ${name}`,
  qrLead:
    'Contiene la dirección del broker, el usuario, la contraseña y el topic. Escanéelo con el dispositivo o con el teléfono que lo configura.',
  waiting: (name: string) => `Esperando a ${name}…`,
  connected: (name: string) => `${name} está conectado.`,
  openDevice: 'Abrir dispositivo',
  none: 'Aún no hay contraseñas de dispositivos.',
  ownTopics: 'solo sus propios topics',
  subtopics: (topics: string) => `${topics} y los inferiores`,
  certificates: 'Certificados de dispositivos',
  certificatesLead:
    'En lugar de una contraseña, un dispositivo puede usar un certificado de la autoridad de certificación (CA) del hub. El broker necesita un listener con TLS.',
  downloadCa: 'Descargar el certificado de la CA',
  newCertificate: 'Nuevo certificado',
  createCertificate: 'Crear certificado',
  gatewayPrefixes: 'Prefijos de topic, solo para una pasarela',
  days: 'Validez en días',
  certificateOnce: (name: string) =>
    `Certificado creado para ${name}. Descárguelo ahora junto con su clave; el hub no guarda la clave.`,
  certificateSetup: 'Para aceptar certificados, añada a mosquitto.conf:',
  until: (date: string) => `válido hasta el ${date}`,
  renew: 'Renovar',
  renewOne: (name: string) => `Renovar el certificado de ${name}`,
  keys: 'Claves de registro',
  keysLead:
    'Con una clave, los dispositivos obtienen sus propias contraseñas del hub, sin un administrador para cada uno.',
  newKey: 'Nueva clave',
  createKey: 'Crear clave',
  keyDevices: 'Número de dispositivos',
  keyPrefix: 'Los nombres de dispositivo empiezan por (opcional)',
  keyOnce: 'Clave creada. Cópiela ahora; solo se muestra una vez.',
  keyOf: (left: number, prefix: string) => `para ${devices(left)} con nombre ${prefix}…`,
  keyAny: (left: number) => `para ${devices(left)} con cualquier nombre`,
  keyBy: (name: string) => `creada por ${name}`,
  keyRevoked: 'Clave de registro revocada. Los dispositivos que la usaron conservan sus contraseñas.',
  revokeKey: (id: string) => `Revocar la clave de registro ${id}`,
  revoke: 'Revocar',
  revokeOne: (name: string) => `Revocar ${name}`,
  revokeLead:
    'La contraseña deja de funcionar y el dispositivo se desconecta. Sus datos se conservan; para eliminarlos, abra los ajustes del dispositivo.',
  revokeCertificateLead:
    'Todos sus certificados dejan de funcionar cuando el broker se recarga. Los datos del dispositivo se conservan.',
  revoked: (name: string) => `${name} ya no puede conectarse`,
  revokedOnReload: (name: string) =>
    `La contraseña de ${name} funciona hasta que el broker se recargue. Ejecute systemctl reload mosquitto.`,
};
