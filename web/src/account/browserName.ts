// The name of a browser for people.

import { T } from '../texts';

/** The browser and system in a User-Agent, as people name them. */
export function browserName(agent: string): string {
  const name = /(Firefox|Edg|OPR|Chrome|Safari|curl|python-httpx)\b/.exec(agent)?.[1];
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(agent)?.[1];
  const shown = { Edg: 'Edge', OPR: 'Opera' }[name ?? ''] ?? name;
  return [shown, system].filter(Boolean).join(' · ') || agent.slice(0, 40) || T.account.unknownAgent;
}
