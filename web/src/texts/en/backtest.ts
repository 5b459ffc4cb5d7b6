// Texts of the test of a rule on stored readings, and of suggested limits.

import { plural } from '../plural';

const times = (count: number): string => plural(count, { one: 'once', other: `${count} times` });
const devices = (count: number): string => plural(count, { one: '1 device', other: `${count} devices` });

export const backtest = {
  title: 'Test on stored readings',
  period: 'Period',
  periods: { day: 'Last day', week: 'Last week' },
  series: 'Device and metric',
  running: 'Testing…',
  waiting: 'Complete the rule to test it.',
  fired: (count: number, onDevices: number, longest: string): string =>
    count === 0
      ? 'Would not have fired.'
      : `Would have fired ${times(count)} on ${devices(onDevices)}, for ${longest} at the longest.`,
  before: (count: number): string =>
    count === 0 ? 'The saved rule would not have fired.' : `The saved rule would have fired ${times(count)}.`,
  added: (count: number): string => `Only with the changes: ${count}.`,
  gone: (count: number): string => `Only with the saved rule: ${count}.`,
  basis: (readings: string, tested: string, of: string): string =>
    `Tested on ${readings} readings from ${tested} of ${of} devices.`,
  since: (from: string): string => `Readings since ${from}.`,
  leftOut: {
    no_readings: (names: string): string => `No readings: ${names}.`,
    too_many_readings: (names: string): string => `Too many readings, choose a shorter period: ${names}.`,
    too_many_devices: (names: string): string => `Not tested, because the limit is 100 devices: ${names}.`,
  },
  more: (count: number): string => `and ${count} more`,
  firings: 'Newest firings',
  stillOpen: 'still open at the end',
  whole: 'Whole period',
  suggest: 'Suggest limits',
  suggesting: 'Reading the history…',
  suggestedFrom: (own: number, peers: number): string =>
    peers === 0
      ? `Based on the last week of ${devices(own)}:`
      : `Based on the last week of ${devices(own)} and of ${peers} others of the same model:`,
  compareSensitivities: 'Compare sensitivities on the last week',
  sensitivity: { high: 'Sensitive', medium: 'Balanced', low: 'Quiet' },
  use: (limit: string, clear: string, fired: string): string => `${limit}, clears at ${clear}: ${fired}`,
  wouldFire: (count: number): string =>
    count === 0 ? 'would not have fired' : `would have fired ${times(count)}`,
  words: {
    label: 'Describe the rule in words',
    example: 'Tell me when a freezer stays above -15 °C for ten minutes at night',
    draft: 'Draft',
    drafting: 'Reading…',
    by: (model: string | null): string =>
      `Drafted ${model === null ? 'from your description' : `by ${model}`}. Check it below; it is not saved yet.`,
    unknown: (words: string): string => `Not understood: ${words}.`,
    open: 'Open the rule in the form',
    proposal: 'Rule drafted from your description',
  },
};
