"""When a silence is active: from its start to its end, or in weekly windows between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hub.model import AlertSilence, WeeklyWindow

DAY_MS = 86_400_000
_WEEK = 8
"""Days after which every window of the week has begun once."""


def next_interval(silence: AlertSilence, now: int) -> tuple[int, int | None] | None:
    """Return start and end of the interval that holds ``now``, or of the next one; None if there is no further one.

    The end is exclusive, and None if the silence is active without one.
    """
    first, last = silence.starts_at, silence.ends_at
    if last is not None and last <= max(now, first):
        return None
    if silence.weekly is None:
        return first, last
    for start, end in _windows(silence.weekly, max(now, first)):
        begins, ends = max(start, first), end if last is None else min(end, last)
        if begins < ends and ends > now:
            return begins, ends
    return None


def _windows(weekly: WeeklyWindow, now: int) -> Iterator[tuple[int, int]]:
    """Yield the windows around ``now`` in epoch ms, from the day before on. Days of 23 or 25 hours are as they are."""
    zone = ZoneInfo(weekly.zone)
    today = datetime.fromtimestamp(now / 1_000, zone).date()
    for number in range(-1, _WEEK):
        day = today + timedelta(days=number)
        if day.weekday() in weekly.days:
            until = day if weekly.end > weekly.start else day + timedelta(days=1)
            yield _at(day, weekly.start, zone), _at(until, weekly.end, zone)


def _at(day: date, minutes: int, zone: ZoneInfo) -> int:
    """Return a local time in epoch ms. One that the clock skips is as much later as the clock was put forward."""
    local = datetime.combine(day, time(minutes // 60, minutes % 60), zone)
    return int(local.timestamp() * 1_000)
