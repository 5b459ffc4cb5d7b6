"""A device's idea of the time, read strictly: epoch seconds or milliseconds, or ISO 8601."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from hub.errors import Rejected
from hub.model import Quality

DAY = 86_400_000
LATE = 300_000
_MILLISECONDS_FROM = 1e11
"""As seconds this is the year 5138, as milliseconds 1973: anything above is taken as milliseconds."""


def when(value: Any, received: int, *, retained: bool = False) -> tuple[int, Quality]:
    """``(ts, quality)`` of a reading that says ``value`` as its time and arrived at ``received`` (ms).

    Absent: the time of receipt. More than a day off: the time of receipt, quality ``clock``.
    Raises Rejected (``bad_time``) for what is no time at all.
    """
    if type(value) is int and value > _MILLISECONDS_FROM and -DAY <= received - value <= LATE and not retained:
        return value, "good"  # what nearly all say, without a detour
    if value is None:
        return received, "retained" if retained else "good"
    ts = _parse(value)
    if retained:
        return ts, "retained"
    if abs(received - ts) > DAY:
        return received, "clock"
    return ts, "late" if received - ts > LATE else "good"


def _parse(value: Any) -> int:
    if isinstance(value, str):
        try:
            parsed = datetime.fromisoformat(value)
            aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            return int(aware.timestamp() * 1000)
        except (ValueError, OverflowError) as error:
            raise Rejected("bad_time", f"ts {value[:40]!r} is neither a number nor ISO 8601.") from error
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Rejected("bad_time", f"ts must be epoch seconds, milliseconds or ISO 8601, not {type(value).__name__}.")
    if abs(value) > 1e15:
        raise Rejected("bad_time", "ts is beyond any calendar.")
    return int(value if abs(value) >= _MILLISECONDS_FROM else value * 1000)
