"""Compute when a schedule is due: at local times of a named time zone.

When clocks change, a day has 23 or 25 hours. A time that does not exist on such a day is moved by the size of the
change. If a time occurs twice, only the first one counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.model.reaction import WeeklyTime
from hub.rules.fields import InvalidField
from hub.rules.window_text import DAYS, days_text, read_days, read_zone

MAX_TIMES = 50
_DAY = "|".join(DAYS)
_TIME = re.compile(rf"((?:{_DAY})(?:[-,](?:{_DAY}))*|daily) ([01]\d|2[0-3]):([0-5]\d)")
_ALLOWED = 'days and a time such as "mon-fri 07:30", "sat,sun 09:00" or "daily 22:00"'
_WEEK = 8
"""Number of days in which every weekly time occurs at least once."""


def read_times(texts: object, zone: object) -> tuple[WeeklyTime, ...]:
    """Return the times of a schedule, from the values of ``times`` and ``time_zone``. Raises InvalidField."""
    if not isinstance(texts, list) or not 0 < len(texts) <= MAX_TIMES:
        raise InvalidField("times", texts, f"a list of 1 to {MAX_TIMES} times: {_ALLOWED}")
    name = read_zone(zone)
    return tuple(_read_time(text, name) for text in texts)


def _read_time(text: object, zone: str) -> WeeklyTime:
    match = _TIME.fullmatch(" ".join(text.lower().split())) if isinstance(text, str) and len(text) < 100 else None
    if match is None:
        raise InvalidField("times", text, _ALLOWED)
    return WeeklyTime(read_days(match[1], "times", _ALLOWED), int(match[2]) * 60 + int(match[3]), zone)


def time_text(each: WeeklyTime) -> str:
    """Return a time in the format of ``reactions.toml``: ``mon-fri 07:30``."""
    return f"{days_text(each.days)} {each.minute // 60:02}:{each.minute % 60:02}"


def next_due(times: Iterable[WeeklyTime], now: int) -> int | None:
    """Return the first time after ``now`` in epoch ms; None if ``times`` is empty."""
    return min((due for each in times for due in _around(each, now, -1, _WEEK) if due > now), default=None)


def occasions_between(times: Sequence[WeeklyTime], start: int, end: int) -> list[int]:
    """Return the times (epoch ms) in a period at which a reaction with the weekly ``times`` is due, in order.

    The period begins after ``start`` and includes ``end`` (epoch ms).
    """
    days = (end - start) // 86_400_000 + 2
    return sorted({due for each in times for due in _around(each, start, -1, days) if start < due <= end})


def _around(each: WeeklyTime, now: int, first: int, last: int) -> Iterator[int]:
    """Yield the times (epoch ms) at which ``each`` is due on the days near ``now``.

    ``first`` and ``last`` are the first and the last of these days, counted from the day of ``now``: -1 is the day
    before.
    """
    zone = ZoneInfo(each.zone)
    today = datetime.fromtimestamp(now / 1_000, zone).date()
    for number in range(first, last + 1):
        day = today + timedelta(days=number)
        if day.weekday() in each.days:
            local = datetime.combine(day, time(each.minute // 60, each.minute % 60), zone)
            yield int(local.timestamp() * 1_000)
