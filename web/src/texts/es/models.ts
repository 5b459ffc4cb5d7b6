// Texts of the model settings.

import { plural } from '../plural';

export const models = {
  title: 'Modelos',
  add: 'Añadir un servidor',
  edit: 'Editar',
  editOne: (name: string) => `Editar ${name}`,
  home: {
    openai: 'api.openai.com',
    ollama: '127.0.0.1',
  },
  keyed: 'clave guardada',
  keyless: 'sin clave',
  unused: 'sin usar hoy',
  none: 'ninguno',
  fault: (why: string) => `No se usa: ${why}`,
  calls: (n: number, text: string) => `${text} ${plural(n, { one: 'llamada', other: 'llamadas' })}`,
  tokens: (n: number, text: string) => `${text} ${plural(n, { one: 'token', other: 'tokens' })}`,
  money: (n: string) => `coste ${n}`,
  rolesLead:
    'Servidores que se prueban para cada tarea, en orden y separados por comas; vacío = automático. El analista integrado siempre es el último.',
  role: {
    chat: 'Preguntas',
    diagnosis: 'Diagnósticos',
    vision: 'Imágenes',
    transcription: 'Voz',
  },
  limitsLead: (spent: string) =>
    `Límites diarios (UTC) para todos los servidores juntos; vacío = sin límite. Usado hoy: ${spent}.`,
  limit: {
    calls: 'Llamadas',
    tokens: 'Tokens',
    money: 'Coste',
  },
  personLead: 'Límites diarios de cada persona con cuenta; vacío = sin límite.',
  personCalls: 'Llamadas por persona',
  personTokens: 'Tokens por persona',
  cloud: 'Roles que pueden usar modelos fuera de la red local',
  saveRoles: 'Guardar orden y límites',
  saved: 'Guardado y activo',
  name: 'Nombre',
  nameHint: 'minúsculas, cifras, - y _',
  kind: 'Protocolo',
  kinds: {
    openai: 'Compatible con OpenAI',
    ollama: 'Ollama',
  },
  model: 'Modelo',
  address: 'Dirección',
  key: 'Clave',
  keyKept: 'guardada; déjelo vacío para conservarla',
  keyNone: 'ninguna',
  api: 'API',
  apis: {
    chat: 'Chat Completions',
    responses: 'Responses',
  },
  vision: 'Modelo para imágenes',
  speech: 'Modelo para voz',
  priceIn: 'Precio por millón de tokens de entrada',
  priceOut: 'Precio por millón de tokens de salida',
  test: 'Probar',
  testing: 'Probando…',
  answers: 'Prueba superada: el modelo respondió.',
  save: 'Guardar',
  cancel: 'Cancelar',
  reset: 'Restablecer hub.toml',
  resetOne: (name: string) => `Restablecer ${name}`,
  resetLead:
    'Elimina los ajustes hechos aquí y la clave guardada. Un servidor que no esté en hub.toml se quita.',
  resetDone: 'Restablecido según hub.toml',
};
