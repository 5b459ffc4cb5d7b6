// Texts of the model settings.

import { plural } from '../plural';

export const models = {
  title: 'Models',
  add: 'Add a server',
  edit: 'Edit',
  editOne: (name: string) => `Edit ${name}`,
  home: {
    openai: 'api.openai.com',
    ollama: '127.0.0.1',
  },
  keyed: 'key stored',
  keyless: 'no key',
  unused: 'not used today',
  none: 'none',
  fault: (why: string) => `Not used: ${why}`,
  calls: (n: number, text: string) => `${text} ${plural(n, { one: 'call', other: 'calls' })}`,
  tokens: (n: number, text: string) => `${text} ${plural(n, { one: 'token', other: 'tokens' })}`,
  money: (n: string) => `cost ${n}`,
  rolesLead:
    'Servers to try for each task, in order, separated by commas; empty = automatic. The built-in analyst always comes last.',
  role: {
    chat: 'Questions',
    diagnosis: 'Diagnoses',
    vision: 'Pictures',
    transcription: 'Speech',
  },
  limitsLead: (spent: string) =>
    `Daily limits (UTC) for all servers together; empty = unlimited. Used today: ${spent}.`,
  limit: {
    calls: 'Calls',
    tokens: 'Tokens',
    money: 'Cost',
  },
  personLead: 'Daily limits for each person with an account; empty = unlimited.',
  personCalls: 'Calls for each person',
  personTokens: 'Tokens for each person',
  cloud: 'Roles that may use models outside the local network',
  saveRoles: 'Save order and limits',
  saved: 'Saved and active',
  name: 'Name',
  nameHint: 'lowercase letters, digits, - and _',
  kind: 'Protocol',
  kinds: {
    openai: 'OpenAI-compatible',
    ollama: 'Ollama',
  },
  model: 'Model',
  address: 'Address',
  key: 'Key',
  keyKept: 'stored; leave empty to keep',
  keyNone: 'none',
  api: 'API',
  apis: {
    chat: 'Chat completions',
    responses: 'Responses',
  },
  vision: 'Model for pictures',
  speech: 'Model for speech',
  priceIn: 'Price per million input tokens',
  priceOut: 'Price per million output tokens',
  test: 'Test',
  testing: 'Testing…',
  answers: 'Test passed: the model answered.',
  save: 'Save',
  cancel: 'Cancel',
  reset: 'Reset to hub.toml',
  resetOne: (name: string) => `Reset ${name}`,
  resetLead:
    'Deletes the settings made here and the stored key. A server that is not in hub.toml is removed.',
  resetDone: 'Reset to hub.toml',
};
