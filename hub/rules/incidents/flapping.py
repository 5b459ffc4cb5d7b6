"""Flapping: alerts of one rule on one metric of a device that are raised and recover again and again."""

from __future__ import annotations

from hub.model import RecentRecoveries

FLAPPING_RECOVERIES = 2
"""An alert is flapping once it was raised and has recovered this often within the window."""
WINDOW_MS = 600_000
"""It is not flapping any more when it has not recovered for this time: it stayed cleared, or stays open."""
MAX_SERIES = 32
"""Series of one incident whose recoveries are kept: those that recovered last."""


def recovered(before: dict[str, RecentRecoveries], series: str, at: int) -> dict[str, RecentRecoveries]:
    """Return the recent recoveries with another one of a series at ``at``."""
    own = before.get(series, RecentRecoveries(()))
    times = (*(each for each in own.times if at - WINDOW_MS < each <= at), at)[-FLAPPING_RECOVERIES:]
    rest = {key: each for key, each in before.items() if key != series}
    for key in [key for key, each in rest.items() if not each.flapping][: max(0, len(rest) + 1 - MAX_SERIES)]:
        del rest[key]
    flapping = own.flapping or (len(times) >= FLAPPING_RECOVERIES and len(rest) < MAX_SERIES)
    return rest | {series: RecentRecoveries(times, flapping)}


def quiet_at(recoveries: RecentRecoveries) -> int:
    """Return when a flapping series without further recoveries is quiet."""
    return recoveries.times[-1] + WINDOW_MS
