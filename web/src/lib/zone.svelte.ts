// The time zone for displaying times: that of the profile, or the browser's if the profile has none.

import { shown } from '../texts/language';

class Zone {
  /** A name of the IANA time zone database, or undefined for the browser's zone. */
  name = $state<string>();
}

export const zone = new Zone();

/** Return a function that formats a time (epoch ms) in the zone. It follows a change of the zone. */
export function timeFormat(options: Intl.DateTimeFormatOptions): (ts: number) => string {
  let format: Intl.DateTimeFormat | undefined;
  let made: string | undefined;
  return (ts) => {
    if (!format || made !== zone.name) {
      made = zone.name;
      format = new Intl.DateTimeFormat(shown.dates, { ...options, timeZone: made, hourCycle: 'h23' });
    }
    return format.format(ts);
  };
}
