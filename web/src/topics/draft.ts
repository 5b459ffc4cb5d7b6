// A draft of a mapping, made from one message: the role of each topic level, and the values that are metrics. Converts to
// the keys of its table in mappings.toml, which the hub writes. Pure.

export type Role = 'fixed' | 'device' | 'metric' | 'any';
export type Kind = '' | 'number' | 'boolean' | 'text';
export type Use = 'metric' | 'device' | 'time';

export interface Level {
  text: string;
  role: Role;
}

/** A value of the message: its path and its use. `name`, `unit` and `kind` apply to metrics. */
export interface Pick {
  path: string;
  use: Use;
  name: string;
  unit: string;
  kind: Kind;
}

export interface Draft {
  levels: Level[];
  /** Device name if neither a level nor a value provides it. */
  device: string;
  /** Metric name of a plain value if no level provides it, with unit and kind. */
  plain: { name: string; unit: string; kind: Kind } | null;
  picks: Pick[];
}

/** Return the payload as a JSON object or list; undefined for one plain value. */
export function jsonOf(payload: string): unknown {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

export const pathOf = (keys: readonly string[]): string =>
  keys.map((key) => key.replaceAll('.', '\\.')).join('.');

/** Return a field for a selected value, with a first guess: a date is the message's time, digits are a number. */
export function pickOf(keys: readonly string[], value: unknown): Pick {
  const text = typeof value === 'string' ? value.trim() : '';
  const use = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? 'time' : 'metric';
  const kind = text !== '' && Number.isFinite(Number(text)) ? 'number' : '';
  return { path: pathOf(keys), use, name: keys.at(-1)!, unit: '', kind };
}

/** Return a first guess: the second level is the device, the last one names a plain value. */
export function draftOf(topic: string, body: unknown): Draft {
  const texts = topic.split('/');
  const last = texts.length - 1;
  const plain = body === undefined;
  const levels = texts.map((text, k): Level => {
    const device = k === 1 && (last > 1 || !plain);
    return { text, role: device ? 'device' : plain && k === last && k > 1 ? 'metric' : 'fixed' };
  });
  const guess = { name: texts[last]!, unit: '', kind: '' as Kind };
  return { levels, device: texts[last > 0 && plain ? last - 1 : last]!, plain: plain ? guess : null, picks: [] };
} // prettier-ignore

/** Return the topic with its named levels; several device levels are numbered. */
export function patternOf(levels: readonly Level[]): string {
  const count = { device: 0, metric: 0 };
  return levels
    .map(({ text, role }) => {
      if (role === 'fixed') return text;
      if (role === 'any') return '+';
      count[role]++;
      return `{${role}${count[role] > 1 ? count[role] : ''}}`;
    })
    .join('/');
}

export function fits(levels: readonly Level[], topic: string): boolean {
  const texts = topic.split('/');
  return (
    texts.length === levels.length &&
    levels.every(({ text, role }, k) => role !== 'fixed' || text === texts[k])
  );
}

/** Return the keys of the mapping, as in mappings.toml. */
export type MappingKeys = Record<string, unknown>;

export function keysOf(draft: Draft): MappingKeys {
  const { levels, plain, picks } = draft;
  const keys: MappingKeys = { topic: patternOf(levels) };
  const device = deviceOf(draft);
  if (device !== '{device}') keys.device = device;
  if (plain) {
    const named = levels.find(({ role }) => role === 'metric');
    const name = named ? named.text : plain.name;
    if (!named) keys.metric = name;
    if (plain.unit) keys.units = { [name]: plain.unit };
    if (plain.kind) keys.kinds = { [name]: plain.kind };
    return keys;
  }
  const time = picks.find(({ use }) => use === 'time');
  if (time) keys.time = time.path;
  const metrics = picks.filter(({ use }) => use === 'metric');
  if (metrics.length) keys.metrics = Object.fromEntries(metrics.map((each) => [each.name, pickKeys(each)]));
  return keys;
}

function pickKeys({ path, unit, kind }: Pick): string | Record<string, string> {
  if (!unit && !kind) return path;
  return { path, ...(unit && { unit }), ...(kind && { kind }) };
}

function deviceOf({ levels, device, picks }: Draft): string {
  const numbered = levels.filter(({ role }) => role === 'device').map((_, k) => `{device${k ? k + 1 : ''}}`);
  const named = picks.filter(({ use }) => use === 'device').map(({ path }) => `{payload.${path}}`);
  return [...numbered, ...named].join('/') || device;
}
