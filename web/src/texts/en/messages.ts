// Messages of alerts in the units of the person. Without a conversion, the page shows the hub's own English text.

import { beforeWord } from '../../lib/words';
import type { HubMessages, Params } from '..';
import { messagesIn } from '../hubMessages';
import { alertWords, type AlertTexts } from '../messageWords';
import { inShownUnit } from '../shownParams';

const texts: AlertTexts = {
  above: 'above {limit}',
  below: 'below {limit}',
  outside: 'outside {low} to {high}',
  inside: 'inside {low} to {high}',
  ownLimit: ", or the device's own limit",
  ownLimits: ", or the device's own limits",
  is: 'is {value}',
  rises: 'rises more than {amount} in {within}',
  falls: 'falls more than {amount} in {within}',
  stuck: 'unchanged',
  unusualLow: 'unusual (low sensitivity)',
  unusualMedium: 'unusual (medium sensitivity)',
  unusualHigh: 'unusual (high sensitivity)',
  beyond: 'beyond its values of the last 4 days by {percent} of their range',
  often: '{times} times within {within}',
  noData: 'no data for {time}',
  notReported: '{metric} not reported for {time}',
  missed: 'no data for {intervals} expected intervals',
  minus: 'minus {other}',
  anotherDevice: 'another device',
  onDevice: '{metric} (device {device})',
  onAnotherDevice: '{metric} (another device)',
  valueOf: 'that of {device}',
  metricOf: '{metric} of {device}',
  median: 'the median of its area',
  medianOf: 'the median {metric} of its area',
  and: ' and ',
  or: ' or ',
  not: 'not ({text})',
  lasting: '{text} for {time}',
};

const words = {
  ...alertWords(texts),
  causes: { titles: {}, components: {} },
  clears: (): string => '',
  only: (): string => '',
  activity: {},
  staysOpen: {},
};
const asStored = messagesIn(words, (_, params) => params);
const converted = messagesIn(words);

const sentenceParams = (params: Params): Params => ({
  ...params,
  name: beforeWord(String(params['name'] ?? '')),
});

/** Return whether the person sees other units than those in the hub's text, and this file can write it in them. */
function needed(key: string, params: Params): boolean {
  const condition = params['condition'] as Params | undefined;
  const isWritten = !!params['name'] && !condition?.['each_value'] && condition?.['times'] !== 1;
  return isWritten && inShownUnit(key, params) !== params;
}

export const hub: HubMessages = {
  cause: () => null,
  component: () => null,
  alert: (key, params, text) =>
    needed(key, params) ? converted.alert(key, sentenceParams(params), text) : null,
  rule: () => null,
  staysOpen: () => null,
  activity: (_, params, text) => {
    const key = params['message_key'] as string | undefined;
    const about = params['message_params'] as Params | undefined;
    if (!key || !about || !needed(key, about)) return null;
    // The hub's text has common spaces before units.
    const stored = asStored.alert(key, sentenceParams(about), text)?.replaceAll('\u00a0', ' ');
    return stored ? text.replace(stored, converted.alert(key, sentenceParams(about), text) ?? stored) : null;
  },
};
