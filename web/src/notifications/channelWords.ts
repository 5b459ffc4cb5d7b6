// Words of the hub for kinds of channels and their settings, in the language of the page.

import { T } from '../texts';

/** Return the translation of a title or hint; a text without one, such as the name that a person gave, is unchanged. */
export const channelWord = (text: string): string =>
  (T.notifications.channelWords as Record<string, string>)[text] ?? text;
