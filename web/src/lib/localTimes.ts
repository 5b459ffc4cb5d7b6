// The hub writes the times in its sentences in UTC (hub/text_format.py). Show them in the person's time zone.

import { clock, dayAndTime, time } from './format';

const UTC = /(?:(\d{4})-(\d\d)-(\d\d) )?(\d\d):(\d\d)(?::(\d\d))? UTC\b/g;
const DAY_MS = 86_400_000;

/** Return `text` with its times in the person's zone. A time without a date is the one nearest to `near` (epoch ms). */
export function localTimes(text: string, near: number): string {
  return text.replace(UTC, (_, year, month, day, hour, minute, second?: string) => {
    const ofDay = Number(hour) * 3_600_000 + Number(minute) * 60_000 + Number(second ?? 0) * 1000;
    if (year) return dayAndTime(Date.UTC(Number(year), Number(month) - 1, Number(day)) + ofDay);
    const ts = ofDay + Math.round((near - ofDay) / DAY_MS) * DAY_MS;
    return second ? clock(ts) : time(ts);
  });
}
