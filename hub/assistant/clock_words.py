"""Parse times of day such as "14:30", "2 pm" and "noon"."""

from __future__ import annotations

import re

from hub.assistant.language import TimeWords

_MINUTE, _HOUR = 60_000, 3_600_000


def time_of_day(clock: str, time: TimeWords) -> int | None:
    """Return a time of day in ms after midnight; None for an invalid time such as 25:00."""
    if clock in time.noon:
        return 12 * _HOUR
    if clock in time.midnight:
        return 0
    number, _, suffix = clock.partition(" ")
    parts = [int(part) for part in re.split(r"[:.]", number)]
    hour, minute = parts[0], parts[1] if len(parts) > 1 else 0
    if suffix in time.pm and hour < 12:
        hour += 12
    elif suffix in time.am and hour == 12:
        hour = 0
    return hour * _HOUR + minute * _MINUTE if hour < 24 and minute < 60 else None
