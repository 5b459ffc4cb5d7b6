"""Hours that repeat every week, in which a silence or a rule is active."""

from __future__ import annotations

import msgspec


class WeeklyWindow(msgspec.Struct, frozen=True):
    """The same hours on some days of the week. If ``end`` is not after ``start``, the window ends on the next day."""

    days: tuple[int, ...]  # 0 is Monday
    start: int  # minutes after midnight on the clock of ``zone``
    end: int
    zone: str  # IANA name of the time zone
