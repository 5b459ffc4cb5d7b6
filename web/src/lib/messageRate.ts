// The rate of messages as text: by second, or by minute where a fleet sends so few that most seconds have none.

import { T } from '../texts';
import { integer } from './fixed';

/** Below this number of messages in the last minute, the rate is shown by minute. */
const FEW = 600;

/** Return the number and the unit. `rate` is measured over two seconds only, so it can be 0 between two bursts. */
export function messageRate(stats: { rate: number; last_minute: number } | null): [string, string] {
  if (!stats) return ['0', T.fleet.perSecond];
  const { rate, last_minute } = stats;
  if (last_minute < FEW && rate * 60 < FEW) return [integer(last_minute), T.fleet.perMinute];
  return [integer(Math.round(rate) || last_minute / 60), T.fleet.perSecond];
}
