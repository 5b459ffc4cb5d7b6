// Texts of diagnoses.

import { plural } from '../plural';

export const diagnosis = {
  title: 'Diagnosis',
  of: (device: string, first: boolean) =>
    `Diagnosis of ${device}, ${first ? 'which had the first alert of this incident' : 'which is in the same incident'}.`,
  ofEarlier: (time: string) =>
    `This diagnosis is of an earlier alert of this incident. It was written ${time}, before this alert was raised.`,
  ofOther: (time: string) => `This diagnosis is of another alert of this incident. It was written ${time}.`,
  ofEarlierBrief: (time: string) => `Of an earlier alert (${time}):`,
  asOf: (time: string) => `Based on readings up to ${time}.`,
  pending: 'Analysing the readings…',
  none: 'No diagnosis for this alert.',
  outcome: {
    named: 'Cause known',
    possible: 'Cause not certain',
    unknown: 'Cause not known',
    normal: 'Nothing unusual found',
  },
  possibleLead: 'These known causes fit the readings, but none well enough to be certain:',
  unknownLead: 'No known cause fits the readings. This is what is known:',
  manual: 'From the manual',
  page: (file: string, page: number) => `${file}, page ${page}`,
  builtin: 'built-in analyst',
  builtinLong: 'Written by the built-in analyst: rules and statistics, not a language model.',
  model: (provider: string, model: string) =>
    `Written by ${model} (${provider}). The hub compared its statements with the readings.`,
  match: {
    strong: 'strong match',
    medium: 'medium match',
    weak: 'weak match',
  },
  evidence: 'Evidence',
  against: 'Evidence against',
  kind: {
    observation: 'What the readings show',
    inference: 'Opinion of the model',
    advice: 'Advice of the model',
  },
  byHub: 'by the hub, from the readings',
  struck: (n: number) =>
    `${n} ${plural(n, { one: 'statement', other: 'statements' })} removed: contradicted by the readings`,
  opinionOfAnalyst: 'Analyst',
  opinionOfModel: (model: string) => `Model (${model})`,
  undecided: 'undecided',
  awaits: (provider: string, model: string) =>
    `${model} (${provider}) is still writing. Its text will replace this one.`,
  unsupported: 'not supported by the evidence',
  actions: 'Recommended actions',
  confirm: 'How to confirm',
  others: 'It could also be',
  possibly: (titles: string) => `Possible: ${titles}.`,
  deciding: (check: string, several: boolean) =>
    `${several ? 'To tell them apart' : 'To confirm it'}: ${check}`,
  tell: (check: string) => `To confirm: ${check}`,
  nature: {
    fault: 'fault',
    act: 'not a fault: caused by a person or a program',
    process: 'not a fault: conditions changed',
    normal: 'normal operation',
  },
  takesOver: 'Using the built-in analyst instead.',
  instead: (provider: string, model: string) =>
    `${model} (${provider}) gave no usable answer; used the next provider instead.`,
  run: 'Diagnose now',
  runAlert: 'Diagnose this alert',
  running: 'Diagnosing…',
  more: 'Full diagnosis',
  goto: 'Show in chart',
  all: (n: number) => `Show all ${n}`,
};
