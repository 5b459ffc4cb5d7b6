"""Flapping: alerts of one rule on one metric of a device that are raised and cleared again and again."""

from __future__ import annotations

from hub.model import RecentChanges

FLAPPING_CHANGES = 4
"""An alert that was raised or cleared this often within the window is flapping."""
WINDOW_MS = 600_000
"""It is not flapping any more after this time without a change."""
MAX_SERIES = 32
"""Series of one incident whose changes are kept: those that changed last."""


def noted(changes: dict[str, RecentChanges], series: str, at: int) -> dict[str, RecentChanges]:
    """Return the recent changes with another one of a series at ``at``."""
    before = changes.get(series, RecentChanges(()))
    times = (*(each for each in before.times if at - WINDOW_MS < each <= at), at)[-FLAPPING_CHANGES:]
    rest = {key: each for key, each in changes.items() if key != series}
    for key in [key for key, each in rest.items() if not each.flapping][: max(0, len(rest) + 1 - MAX_SERIES)]:
        del rest[key]
    flapping = before.flapping or (len(times) >= FLAPPING_CHANGES and len(rest) < MAX_SERIES)
    return rest | {series: RecentChanges(times, flapping)}


def quiet_at(changes: RecentChanges) -> int:
    """Return when a flapping series without further changes is quiet."""
    return changes.times[-1] + WINDOW_MS
