// Decimals by unit, chosen by the user and stored in this browser. Displayed values follow with their next
// reading.

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
  /** Decimals by unit; other units use the default. */
  chosen = $state.raw<ReadonlyMap<string, number>>(new Map());

  /** Load the stored choice. */
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
