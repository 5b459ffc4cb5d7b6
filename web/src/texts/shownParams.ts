// The parameters of an alert's message in the units of the person. The hub converts them in the same way for notifications
// (hub/notifications/alert_texts.py).

import { shownDifference, shownUnit, shownValue } from '../lib/units';
import { session } from '../live/session.svelte';
import type { Params } from '.';

const VALUES = new Set(['above', 'below', 'clear', 'low', 'high', 'value']);
const DIFFERENCES = new Set(['hysteresis', 'by', 'tolerance']);

/** Return the parameters with all values in the unit that the person sees. Joined conditions state no unit and stay as they
 *  are. */
export function inShownUnit(kind: string, params: Params): Params {
  void session.epoch; // so that messages on the page follow a change of units
  const unit = params['unit'] as string | null;
  const condition = params['condition'] as Params | undefined;
  if (!condition || 'conditions' in condition || shownUnit(unit) === unit) return params;
  const value = (each: unknown): unknown => (typeof each === 'number' ? shownValue(each, unit) : each);
  const difference = (each: unknown): unknown =>
    typeof each === 'number' ? shownDifference(each, unit) : each;
  // The limit of a comparison is the difference of two values.
  const limit = kind === 'compare' ? difference : value;
  const converted = (of: Params): Params =>
    Object.fromEntries(
      Object.entries(of).map(([name, each]) => {
        if (VALUES.has(name)) return [name, limit(each)];
        if (DIFFERENCES.has(name)) return [name, difference(each)];
        return [name, name === 'steps' ? (each as Params[]).map(converted) : each];
      }),
    );
  return { ...params, unit: shownUnit(unit), value: value(params['value']), condition: converted(condition) };
}
