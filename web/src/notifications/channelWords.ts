// Words of the hub for kinds of channels and their settings, in the language of the page.

import { T } from '../texts';
import { PUSH_CHANNEL } from './browserPush';

/** The hub's titles of the kinds of channels. A channel without a name of its own has that of its kind. */
const KIND_TITLES: Record<string, string> = {
  apprise: 'Apprise (Telegram, Matrix, Slack, …)',
  mail: 'E-mail',
  ntfy: 'ntfy',
  webhook: 'Webhook',
  webpush: 'Browser push',
};

/** Return the translation of a title or hint of the hub; a text without one is unchanged. */
export const channelWord = (text: string): string =>
  (T.notifications.channelWords as Record<string, string>)[text] ?? text;

/** Return the name of a channel: a name that a person gave is not translated, also if it is a word of the hub. */
export const channelName = ({ kind, name }: { kind: string; name: string }): string =>
  name === KIND_TITLES[kind] ? channelWord(name) : name;

/** Return the masked address of a channel. Only that of push messages is in words. */
export const channelTarget = ({ kind, target }: { kind: string; target: string }): string =>
  kind === PUSH_CHANNEL ? channelWord(target) : target;
