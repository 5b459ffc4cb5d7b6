// Validate the fields of a rule as the hub does. Pure.

import { T } from '../texts';
import { fieldsOf, joinedIn, partFieldsOf, type Content, type Field, type RuleForm } from './fields';

/** Problems by field; `conditions.1.limit` is the limit of the second joined condition. */
export type Problems = Record<string, string>;

const P = T.rules.problems;
const NUMBER = /^[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const DURATION = /^\d{1,12}(\.\d{1,6})?\s*(ms|s|m|min|h|d)$/;
/** `mon-fri 08:00-18:00`, `sat,sun 22:00-24:00` */
const DAYS = '(mon|tue|wed|thu|fri|sat|sun)';
const WINDOW = new RegExp(
  `^(daily|${DAYS}(-${DAYS})?(,${DAYS}(-${DAYS})?)*)\\s+([01]\\d|2[0-3]):[0-5]\\d-(([01]\\d|2[0-3]):[0-5]\\d|24:00)$`,
  'i',
);
const ID = /^[A-Za-z0-9._-]{1,64}$/;

const isDuration = (text: string): boolean => DURATION.test(text) || NUMBER.test(text);

/** Return the problem of each field; empty if the fields are valid. */
export function problemsOf(form: RuleForm, taken: ReadonlySet<string>): Problems {
  const found = conditionProblems(form, fieldsOf(form));
  const { name, id, schedule } = form;
  if (!name.trim()) found.name = P.required;
  if (!id.trim()) found.id = P.required;
  else if (!ID.test(id.trim())) found.id = P.id;
  else if (taken.has(id.trim())) found.id = P.taken;
  const windows = schedule.trim().split(';');
  if (schedule.trim() && !windows.every((each) => WINDOW.test(each.trim()))) found.schedule = P.schedule;
  if (schedule.trim() && !form.time_zone.trim()) found.time_zone = P.required;
  return found;
}

/** Return the problems of the fields of a condition, and of those that it joins. */
function conditionProblems(form: RuleForm, fields: ReturnType<typeof fieldsOf>): Problems {
  const found: Problems = {};
  const at = (field: Field): string => form[field].trim();
  const need = (field: Field): boolean => {
    if (!at(field)) found[field] = P.required;
    return !!at(field);
  };
  const number = (field: Field): void => {
    if (!NUMBER.test(at(field))) found[field] = P.number;
  };
  const duration = (field: Field): void => {
    if (!isDuration(at(field))) found[field] = P.duration;
  };
  const check: Record<Content, (field: Field) => void> = {
    text: (field) => (field === 'metric' && fields.quantity && at('quantity')) || need(field),
    'text?': () => undefined,
    number: (field) => need(field) && number(field),
    'number?': (field) => at(field) && number(field),
    positive: (field) => {
      if (need(field)) number(field);
      if (!found[field] && Number(at(field)) <= 0) found[field] = P.positive;
    },
    count: (field) => {
      if (need(field) && !/^([1-9]\d?|100)$/.test(at(field))) found[field] = P.count;
    },
    duration: (field) => need(field) && duration(field),
    'duration?': (field) => at(field) && duration(field),
  };
  for (const field of Object.keys(fields) as Field[]) check[fields[field]!](field);
  if (fields.quantity && at('quantity') && at('metric')) found.quantity = P.oneOf;
  if (form.when === 'no_data' && !at('silence') && !at('missed')) found.silence = P.required;
  if (fields.clear && at('clear') && !found.limit && !found.clear) {
    const side = form.when.endsWith('above') ? 'above' : 'below';
    const beyond = Number(at('clear')) - Number(at('limit'));
    if (side === 'above' ? beyond > 0 : beyond < 0) found.clear = P.clear[side](at('limit'));
  }
  if (fields.high && !found.low && !found.high && Number(at('low')) >= Number(at('high')))
    found.high = P.high(at('low'));
  for (const [place, part] of joinedIn(form).entries()) {
    const problems = Object.entries(conditionProblems(part, partFieldsOf(part)));
    for (const [field, problem] of problems) found[`conditions.${place}.${field}`] = problem;
  }
  return found;
}
