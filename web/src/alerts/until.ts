// The end of an acknowledgement, a mute or a silence, as a choice in a form. Pure.

/** Lasts until the alert is cleared. */
export const CLEARED = '';
/** Ends at a time that the person enters. */
export const AT_TIME = 'at';
const HOUR = 3_600_000;
/** Durations to choose from, in ms. */
export const DURATIONS = [HOUR, 4 * HOUR, 8 * HOUR, 24 * HOUR, 7 * 24 * HOUR];

/** Return the end in epoch ms for a choice: a duration in ms, `AT_TIME` with a local time as in `datetime-local`, or `CLEARED`. */
export function endOf(choice: string, local: string, now: number): number | null {
  if (choice === CLEARED) return null;
  return choice === AT_TIME ? new Date(local).getTime() : now + Number(choice);
}

/** Return a time as the value of a `datetime-local` field, in the browser's time zone. */
export function localTime(ts: number): string {
  const date = new Date(ts);
  return new Date(ts - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
