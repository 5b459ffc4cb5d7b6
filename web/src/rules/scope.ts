// Find the devices that a rule applies to: those that match every list that is not empty and have its metric. Patterns are
// shell patterns, as on the hub. Pure, except that it reads the fleet's arrays.

import type { Rule } from '../api/types';
import type { Fleet } from '../live/fleet';

/** `sensor_*`, `CP-8?`, `pump-0[1-3]`, `pump-[!1]*` as a regular expression for a whole text. */
export function patternOf(glob: string): RegExp {
  const body = glob.replace(/\[(!?)([^\]]+)\]|[*?]|[^*?[]+|\[/g, (part, not: string, set?: string) => {
    if (set !== undefined) return `[${not ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
    if (part === '*') return '.*';
    return part === '?' ? '.' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^(?:${body})$`, 's');
}

/** Return the number of devices that the rule applies to: those in its scope that have a matching metric. */
export function covered(fleet: Fleet, { scope, metric }: Pick<Rule, 'scope' | 'metric'>): number {
  const fitting = metric === null ? null : patternOf(metric);
  const columns =
    fitting && fleet.columns.filter((each) => each.metric === metric || fitting.test(each.metric));
  const devices = scope.devices.map(patternOf);
  const models = scope.models.map(patternOf);
  const labels = new Set(scope.labels);
  const one = (patterns: RegExp[], text: string): boolean =>
    patterns.length === 0 || patterns.some((pattern) => pattern.test(text));
  let count = 0;
  for (let row = 0; row < fleet.size; row++) {
    if (!fleet.alive[row]) continue;
    if (columns && !columns.some((column) => column.has(row))) continue;
    const fits = one(devices, fleet.id[row]!) && one(models, fleet.model[row] ?? '');
    if (fits && (labels.size === 0 || fleet.labels[row]!.some((label) => labels.has(label)))) count++;
  }
  return count;
}
