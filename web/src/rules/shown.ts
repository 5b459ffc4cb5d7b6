// Rules as displayed: titles of metrics and names of devices instead of ids. Pure, except that it reads the fleet's
// arrays.

import { areaNames } from '../areas/names.svelte';
import type { Rule } from '../api/types';
import { metricName } from '../lib/format';
import { stateWord } from '../lib/stateWords';
import { beforeWord } from '../lib/words';
import type { Fleet } from '../live/fleet';
import { hubText, T } from '../texts';

const PATTERN = /[*?[]/;

/** Return the title of a rule's metric if all devices that report it agree on one. A pattern is unchanged. */
export function metricTitle(fleet: Fleet, metric: string, device?: string): string {
  if (PATTERN.test(metric)) return metric;
  if (device !== undefined) return fleet.titleOf(device, metric);
  const column = fleet.column(metric);
  const titles = new Set<string>();
  for (let row = 0; column && row < fleet.size && titles.size < 2; row++)
    if (fleet.alive[row] && column.has(row)) titles.add(column.title(row));
  return titles.size === 1 ? [...titles][0]! : metricName(metric);
}

type RuleText = Pick<Rule, 'text' | 'metric' | 'message_key' | 'message_params'>;

/** Return the hub's text of a rule with its metric's title: `bearing temperature above 80 for 2 s`. */
export function conditionText(fleet: Fleet, rule: RuleText, device?: string): string {
  const { metric } = rule;
  const params = {
    ...rule.message_params,
    metric: metric && metricTitle(fleet, metric, device),
    device_class: metric && classOf(fleet, metric),
  };
  return hubText('rule', englishText(fleet, rule, device), rule.message_key, params);
}

function englishText(fleet: Fleet, { text, metric }: RuleText, device?: string): string {
  if (!metric || !text.startsWith(metric)) return text;
  return beforeWord(metricTitle(fleet, metric, device)) + stated(fleet, metric, text.slice(metric.length));
}

/** Return the device class of a metric, if all its devices have the same; otherwise null. */
function classOf(fleet: Fleet, metric: string): string | null {
  const classes = new Set(
    fleet.column(metric)?.facts.flatMap((facts) => (facts ? [facts.device_class] : [])),
  );
  return classes.size === 1 ? [...classes][0]! : null;
}

/** Replace `true` in `is true for 5 min` by the word of the metric's device class, if all its devices have the same. */
function stated(fleet: Fleet, metric: string, text: string): string {
  const deviceClass = classOf(fleet, metric);
  return text.replace(/^ is (true|false|on|off)\b/i, (said, value: string) => {
    const word = deviceClass && stateWord(/^(true|on)$/i.test(value), deviceClass);
    return word ? ` is ${word.toLowerCase()}` : said;
  });
}

/** Return what a rule applies to: device names, models, labels, areas, then names of gateways. Patterns are unchanged. */
export function scopeText(fleet: Fleet, { devices, models, labels, areas, via }: Rule['scope']): string {
  const named = (id: string): string => {
    const row = fleet.handle(id);
    return row < 0 ? id : fleet.name[row]!;
  };
  return [
    ...devices.map(named),
    ...models,
    ...labels,
    ...areaNames.of(areas),
    ...via.map((id) => T.rules.through(named(id))),
  ].join(', ');
}
