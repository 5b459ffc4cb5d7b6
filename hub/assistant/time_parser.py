"""The time that a question speaks of. Pure; all times are UTC, and what is said of a day means the last such day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import msgspec

_UNITS = {"minute": 60_000, "min": 60_000, "hour": 3_600_000, "h": 3_600_000, "day": 86_400_000, "week": 604_800_000}
_SPELLED = {
    "a": 1,
    "an": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "twelve": 12,
}
_LAST = re.compile(
    r"\b(?:last|past|previous)\s+(?:(\d{1,4}|" + "|".join(_SPELLED) + r")\s+)?(minute|min|hour|h|day|week)s?\b", re.I
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})s?\b", re.I)
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_TIME = r"(\d{1,2}):(\d{2})"
_AT = re.compile(rf"\b(?:at|around|about)\s+{_TIME}\b", re.I)
_SINCE = re.compile(rf"\b(?:since|after|from)\s+{_TIME}\b(?!\s*(?:to|until|till|and|-))", re.I)
_BETWEEN = re.compile(rf"\b(?:between|from)\s+{_TIME}\s*(?:and|to|until|till|-)\s*{_TIME}\b", re.I)
DAY = 86_400_000
_AROUND = 300_000


class TimeRange(msgspec.Struct, frozen=True):
    """A time range in ms with the words to say it."""

    start: int
    end: int
    words: str

    @property
    def when(self) -> str:
        """With the preposition that it takes: in the last hour, on Monday, yesterday, from 10:00 to 12:00."""
        first = self.words[0]
        if first.isupper() or _DATE.match(self.words):
            return f"on {self.words}"
        if first.isdigit():
            return f"from {self.words}"
        return f"in {self.words}" if self.words.startswith("the ") else self.words


def parse_time_range(text: str, now: int) -> TimeRange | None:
    """The time range a question names, none of it after ``now`` (ms); None if it names none."""
    day = _day(text, now)
    return _clock(text, day, now) or day or _back(text, now)


def _day(text: str, now: int) -> TimeRange | None:
    """A whole day, cut off where it is not over."""
    midnight = now - now % DAY
    if (match := _DATE.search(text)) is not None:
        try:
            told = date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            return None
        start = round(datetime(told.year, told.month, told.day, tzinfo=UTC).timestamp() * 1000)
        return TimeRange(start, min(start + DAY, now), f"{told} (UTC)") if start < now else None
    if re.search(r"\byesterday\b", text, re.I):
        return TimeRange(midnight - DAY, midnight, "yesterday (UTC)")
    if re.search(r"\btoday\b|this (morning|afternoon)", text, re.I):
        return TimeRange(midnight, now, "today (UTC)")
    if (match := _WEEKDAY.search(text)) is not None:
        wanted = _WEEKDAYS.index(match[1].lower())
        ago = (datetime.fromtimestamp(now / 1000, UTC).weekday() - wanted) % 7
        start = midnight - ago * DAY
        return TimeRange(start, min(start + DAY, now), f"{match[1].capitalize()} (UTC)")
    return None


def _clock(text: str, day: TimeRange | None, now: int) -> TimeRange | None:
    """Hours of a day: of the one named, else the last time the clock showed them."""
    if (match := _BETWEEN.search(text)) is not None:
        start, end = _at(match[1], match[2], day, now), _at(match[3], match[4], day, now)
        if start is None or end is None:
            return None
        end = end if end > start else end + DAY
        return TimeRange(start, min(end, now), f"{match[1]}:{match[2]} to {match[3]}:{match[4]} UTC")
    if (match := _SINCE.search(text)) is not None and (start := _at(match[1], match[2], day, now)) is not None:
        return TimeRange(start, now, f"the time since {match[1]}:{match[2]} UTC")
    if (match := _AT.search(text)) is not None and (at := _at(match[1], match[2], day, now)) is not None:
        return TimeRange(at - _AROUND, min(at + _AROUND, now), f"the 10 minutes around {match[1]}:{match[2]} UTC")
    return None


def _at(hour: str, minute: str, day: TimeRange | None, now: int) -> int | None:
    of_day = (int(hour) * 60 + int(minute)) * 60_000
    if of_day >= DAY or int(minute) > 59:
        return None
    start = (day.start if day else now - now % DAY) + of_day
    return start if start <= now else start - DAY


def _back(text: str, now: int) -> TimeRange | None:
    midnight = now - now % DAY
    match = _LAST.search(text)
    if match is not None:
        given = (match[1] or "one").lower()
        count = _SPELLED[given] if given in _SPELLED else max(int(given), 1)
        unit = match[2].lower()
        spoken = {"h": "hour", "min": "minute"}.get(unit, unit)
        spoken = f"the last {count} {spoken}s" if count > 1 else f"the last {spoken}"
        return TimeRange(now - min(count * _UNITS[unit], 30 * DAY), now, spoken)
    if re.search(r"last night|overnight|during the night|tonight", text, re.I):
        # The night that ended last, or the one that is going on: 20:00 to 07:00 UTC.
        start = midnight - 4 * 3_600_000 if now % DAY < 20 * 3_600_000 else midnight + 20 * 3_600_000
        return TimeRange(start, min(now, start + 11 * 3_600_000), "last night (20:00 to 07:00 UTC)")
    if re.search(r"\bthis week\b", text, re.I):
        return TimeRange(now - 7 * DAY, now, "the last 7 days")
    if re.search(r"\b(this|last) month\b", text, re.I):
        return TimeRange(now - 30 * DAY, now, "the last 30 days")
    if re.search(r"\brecent(ly)?\b|just now", text, re.I):
        return TimeRange(now - 3_600_000, now, "the last hour")
    return None
