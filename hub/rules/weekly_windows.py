"""Compute when weekly windows begin and end, in their own time zones.

Days with a change to or from daylight saving time have 23 or 25 hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from hub.model import WeeklyWindow

_WEEK = 8
"""Number of days after which every window of the week has begun at least once."""


def intervals(weekly: WeeklyWindow, now: int, days: int = _WEEK) -> Iterator[tuple[int, int]]:
    """Yield when the weekly windows begin and end (exclusive), in epoch ms, as pairs ``(begin, end)``.

    The windows that begin yesterday or on one of the next ``days`` days are yielded. The first of these days is today:
    the day of ``now`` (epoch ms) in the window's time zone.
    """
    today = datetime.fromtimestamp(now / 1_000, ZoneInfo(weekly.zone)).toordinal()
    for day in range(today - 1, today + days):
        if (day - 1) % 7 in weekly.days:  # day 1 was a Monday
            yield _interval(weekly, day)


@lru_cache(maxsize=4_096)
def _interval(weekly: WeeklyWindow, day: int) -> tuple[int, int]:
    """Return begin and end (epoch ms) of the window that begins on ``day``, a number as in ``date.toordinal``."""
    zone, begin = ZoneInfo(weekly.zone), date.fromordinal(day)
    until = begin if weekly.end > weekly.start else begin + timedelta(days=1)
    return _at(begin, weekly.start, zone), _at(until, weekly.end, zone)


def within(schedule: Sequence[WeeklyWindow], ts: int) -> bool:
    """Return True if one of the windows is open at ``ts`` in epoch ms, or if the schedule has no windows."""
    return not schedule or any(begin <= ts < end for each in schedule for begin, end in intervals(each, ts, 1))


def is_open_until(weekly: WeeklyWindow, now: int) -> tuple[bool, int | None]:
    """Return whether a window is open, and when it ends or, if it is not open, begins next.

    The time is in epoch ms, None if the window has no days.
    """
    begin, end = next((span for span in intervals(weekly, now) if span[1] > now), (None, None))
    is_open = begin is not None and begin <= now
    return is_open, end if is_open else begin


def _at(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return the local time ``minutes`` after midnight in epoch ms.

    A time that a clock change skips is moved by the size of the change.
    """
    local = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    return int(local.timestamp() * 1_000)
