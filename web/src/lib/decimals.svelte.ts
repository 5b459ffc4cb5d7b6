// How many decimals a person wants for each unit, kept in this browser. The formatter holds the choice; what is shown
// already follows with its next reading.

import { CHOSEN_DECIMALS } from './format';

const KEY = 'decimals';
const MOST = 6;

function stored(): [string, number][] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return Object.entries(found as object).filter(([, digits]) => Number.isInteger(digits) && digits >= 0 && digits <= MOST);
  } catch {
    return [];
  }
} // prettier-ignore

class Decimals {
  /** By unit; a unit that is not here is shown as the page thinks best. */
  chosen = $state.raw<ReadonlyMap<string, number>>(new Map());

  /** Takes the choice of the last visit over. */
  start(): void {
    this.take(new Map(stored()));
  }

  choose(unit: string, digits: number | null): void {
    const next = new Map(this.chosen);
    if (digits === null) next.delete(unit);
    else next.set(unit, digits);
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(next)));
    this.take(next);
  }

  private take(next: Map<string, number>): void {
    this.chosen = next;
    CHOSEN_DECIMALS.clear();
    for (const [unit, digits] of next) CHOSEN_DECIMALS.set(unit, digits);
  }
}

export const decimals = new Decimals();
