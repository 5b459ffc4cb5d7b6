// Texts of signing in, one's own account, and people.

import { integer } from '../../lib/fixed';
import { plural } from '../plural';

const of = (used: number, limit: number | null): string =>
  limit === null ? integer(used) : `${integer(used)} de ${integer(limit)}`;

export const login = {
  title: 'Iniciar sesión',
  name: 'Nombre',
  password: 'Contraseña',
  enter: 'Iniciar sesión',
  forgot: '¿Ha olvidado la contraseña? Un administrador puede enviarle un enlace para definir una nueva.',
  useToken: 'Usar el token de acceso',
  usePassword: 'Usar nombre y contraseña',
  token: 'Token de acceso',
  tokenLead:
    'El token de acceso es el valor de HUB_TOKEN. Si no se definió, ejecute `hub token` en el equipo del hub para verlo.',
  openid: (name: string) => `Iniciar sesión con ${name}`,
  connect: (name: string) => `Conectar con ${name}`,
  connected: (name: string) => `Conectado con ${name}: ya puede iniciar sesión así.`,
  problems: {
    denied: 'Se canceló el inicio de sesión.',
    disabled: 'Su cuenta está desactivada. Consulte a un administrador.',
    domain: 'Su dirección de correo no está permitida aquí, o el proveedor no la ha verificado.',
    expired: 'El inicio de sesión tardó demasiado o se empezó en otro navegador. Inténtelo de nuevo.',
    failed: 'No se pudo iniciar sesión. Inténtelo de nuevo o de otra forma.',
    group: 'Ninguno de sus grupos puede iniciar sesión aquí. Consulte a un administrador.',
    no_account: 'No tiene cuenta aquí. Pida una invitación a un administrador.',
    full: 'Este hub ya tiene el número máximo de cuentas. Pida a un administrador que elimine una.',
    provider:
      'No se pudo contactar con el proveedor, o su respuesta no era válida. Inicie sesión de otra forma.',
    taken: 'Este inicio de sesión ya está conectado con otra cuenta.',
    throttled: 'Demasiados intentos fallidos. Espere un minuto e inténtelo de nuevo.',
  },
  noAccounts:
    'Este hub aún no tiene cuentas. Para crear la primera, ejecute `hub link` en el equipo del hub.',
};

export const welcome = {
  create: 'Cree su cuenta',
  reset: (name: string) => `Nueva contraseña para ${name}`,
  role: (role: string) => `Su rol: ${role}.`,
  name: 'Nombre',
  nameHint: 'Con él inicia sesión. Los demás lo ven junto a sus cambios.',
  password: 'Contraseña nueva',
  passwordHint: 'Al menos 8 caracteres; se rechazan las contraseñas comunes.',
  enter: 'Crear cuenta',
  save: 'Guardar e iniciar sesión',
  invalid: 'Este enlace ya se usó, ha caducado o está incompleto. Pida otro.',
  toLogin: 'Ir al inicio de sesión',
};

export const account = {
  title: 'Su cuenta',
  signedInAs: (name: string, role: string) => `Sesión iniciada como ${name} (${role}).`,
  withToken: 'Sesión iniciada con el token de acceso, sin cuenta.',
  signOut: 'Cerrar sesión',
  aiUsage: (calls: number, callsLimit: number | null, tokens: number, tokensLimit: number | null) =>
    `Modelos de lenguaje hoy: ${of(calls, callsLimit)} llamadas, ${of(tokens, tokensLimit)} tokens.`,
  aiCost: (used: string, limit: string | null) =>
    limit === null ? `Coste: ${used}.` : `Coste: ${used} de ${limit}.`,
  aiSpent: (at: string) =>
    `Ha alcanzado su límite diario de IA. Hasta las ${at} responde el analista integrado.`,
  noCloud: 'Su rol solo puede usar modelos de la red local.',
  changePassword: 'Cambiar contraseña',
  current: 'Contraseña actual',
  next: 'Contraseña nueva',
  save: 'Guardar',
  cancel: 'Cancelar',
  passwordChanged: 'Contraseña cambiada. Se cerró la sesión en todos los demás navegadores.',
  sessions: 'Navegadores con sesión iniciada',
  thisOne: 'este navegador',
  unknownAgent: 'Navegador desconocido',
  end: 'Cerrar sesión',
  endOne: (agent: string) => `Cerrar la sesión de ${agent}`,
  tokens: 'Tokens de API',
  tokensLead:
    'Para scripts y otros programas. Un token puede hacer lo que permite su rol, y nunca más que usted.',
  newToken: 'Nuevo token',
  tokenName: 'Nombre del token',
  tokenRole: 'Rol del token',
  days: 'Validez (días)',
  create: 'Crear',
  once: 'Copie el token ahora; solo se muestra una vez.',
  expires: (date: string) => `caduca el ${date}`,
  revoke: 'Revocar',
  revokeOne: (name: string) => `Revocar el token ${name}`,
  revoked: (name: string) => `Token ${name} revocado`,
};

export const passkeys = {
  title: 'Llaves de acceso',
  lead: 'Inicie sesión sin contraseña: con su huella, su cara, un PIN o una llave de seguridad.',
  add: 'Añadir una llave de acceso',
  name: 'Nombre de la llave de acceso',
  example: 'Teléfono, portátil, llave de seguridad…',
  create: 'Continuar',
  added: (name: string) => `Llave de acceso ${name} añadida`,
  used: (date: string) => `último uso el ${date}`,
  neverUsed: 'sin usar',
  remove: 'Quitar',
  removeOne: (name: string) => `Quitar la llave de acceso ${name}`,
  removed: (name: string) => `Llave de acceso ${name} quitada. Elimínela también en el dispositivo.`,
  signIn: 'Iniciar sesión con una llave de acceso',
  cancelled:
    'No se usó ninguna llave de acceso: se canceló, tardó demasiado o este dispositivo no tiene ninguna para este hub.',
  known: 'Este dispositivo ya tiene una llave de acceso para esta cuenta.',
  needsHttps:
    'Las llaves de acceso requieren HTTPS. Esta página se abrió con HTTP, por lo que no están disponibles.',
  needsName:
    'Las llaves de acceso requieren un nombre de host. Esta página se abrió con una dirección IP, por lo que no están disponibles.',
  openLocalhost: (port: string) =>
    `Las llaves de acceso requieren un nombre de host. Para usarlas, abra http://localhost${port ? `:${port}` : ''} en lugar de esta dirección.`,
  notOffered: 'Este navegador no admite llaves de acceso o es demasiado antiguo.',
};

export const profile = {
  title: 'Idioma y unidades',
  language: 'Idioma',
  languages: { en: 'English', de: 'Deutsch', es: 'Español' },
  languageHint: 'Idioma de las páginas y del asistente. Sin definir: el idioma del navegador.',
  units: 'Unidades',
  systems: { metric: 'Métricas', imperial: 'Imperiales' },
  unitsHint:
    'Los valores se convierten solo al mostrarlos. Sin definir: las unidades que envían los dispositivos. Los mensajes para usted también las usan. Las reglas y los comandos siempre conservan las de los dispositivos.',
  timeZone: 'Zona horaria',
  timeZoneHint: 'Para las horas del panel. También la reciben los programas que usan la API.',
  automatic: 'Sin definir',
  saved: 'Guardado.',
};

export const people = {
  title: 'Personas',
  open: 'Quien pueda acceder a este hub tiene control total. Al crear la primera cuenta será necesario iniciar sesión.',
  first: 'Crear la primera cuenta',
  invite: 'Invitar',
  aiCalls: (n: number) => `${integer(n)} ${plural(n, { one: 'llamada', other: 'llamadas' })} de IA hoy`,
  inviteAs: 'Invitar como',
  inviteEmail: 'Correo electrónico de la persona invitada (opcional)',
  emailHint: (name: string) => `Correo, para ${name}`,
  role: (name: string) => `Rol de ${name}`,
  roles: {
    viewer: 'observador',
    operator: 'operador',
    administrator: 'administrador',
  },
  roleHints: {
    viewer: 'Los observadores ven dispositivos, historial y alertas, y hacen preguntas.',
    operator: 'Los operadores además reconocen alertas, envían comandos y analizan archivos.',
    administrator:
      'Los administradores además cambian reglas, dispositivos, asignaciones, modelos, personas y ajustes.',
  },
  limits: {
    edit: 'Limitar',
    editOf: (name: string) => `Límites de ${name}`,
    lead: 'La persona solo ve los dispositivos de estas áreas, incluidas sus subáreas, y con estas etiquetas. No seleccione áreas ni etiquetas para dar acceso a todo el hub.',
    noAreas: 'Aún no hay áreas.',
    labels: 'Etiquetas, separadas por comas',
    whole: 'todo el hub',
    label: (name: string) => `etiqueta ${name}`,
    deleted: 'área eliminada',
  },
  link: 'Envíe este enlace a la persona. Funciona una vez y caduca en siete días.',
  passwordLink: (name: string) =>
    `Envíe este enlace a ${name}. Funciona una vez, permite definir una contraseña nueva y caduca en siete días.`,
  newLink: 'Crear enlace de contraseña',
  disable: 'Desactivar',
  enable: 'Activar',
  disabled: 'desactivada',
  remove: 'Quitar',
  removeOne: (name: string) => `¿Quitar a ${name}?`,
  removeLead:
    'Se cierra su sesión en todas partes y ya no podrá iniciarla. Lo que hizo permanece en los registros.',
  never: 'nunca inició sesión',
  last: (ago: string) => `inició sesión ${ago}`,
  pending: (n: number) => plural(n, { one: '1 invitación pendiente', other: `${n} invitaciones pendientes` }),
  pendingOne: (role: string, by: string, date: string) =>
    `Invitación como ${role} de ${by}, válida hasta el ${date}`,
  pendingEmail: (email: string) => `para ${email}`,
  pendingPassword: (by: string, date: string) => `Enlace de contraseña de ${by}, válido hasta el ${date}`,
  withdraw: 'Revocar',
};
