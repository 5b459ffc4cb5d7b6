// What a reaction starts on and does, in the language of the page.

import type { Reaction } from '../api/types';
import type { Fleet } from '../live/fleet';
import { duration } from '../lib/format';
import { scopeText } from '../rules/shown';
import { T } from '../texts';
import { valueText } from './form';

const R = T.reactions;

/** `Alert raised · leak-* · Critical · Cellar · for 10 s`, or the times of the schedule. */
export function triggerText(fleet: Fleet, reaction: Reaction): string {
  if (!reaction.step) return `${reaction.times.join(', ')} · ${reaction.time_zone}`;
  const parts = [
    R.starts[reaction.step],
    reaction.rules.join(', '),
    reaction.severities.map((each) => T.severity[each]).join(', '),
    scopeText(fleet, reaction.scope),
    reaction.for_ms ? R.lasting(duration(reaction.for_ms)) : '',
    reaction.condition ? R.conditional : '',
  ];
  return parts.filter(Boolean).join(' · ');
}

/** `state = OFF → valve-1`, the address of the webhook, or the topic of the message. */
export function actionText(fleet: Fleet, reaction: Reaction): string {
  if (reaction.topic) return `${R.sends.publish} → ${reaction.topic}`;
  if (!reaction.command) return `${R.sends.webhook} ${reaction.webhook}`;
  const value = valueText(reaction.value);
  const to = reaction.device ?? (reaction.to ? scopeText(fleet, reaction.to) : R.targets.alert);
  return `${reaction.command}${value ? ` = ${value}` : ''} → ${to}`;
}
