"""Compute since when a pending condition has held, also if its limit changes."""

from __future__ import annotations

from hub.rules.kinds import Points

MAX_LOWS = 32
"""Low points that a pending watch keeps; if there are more, the middle ones are dropped."""


def note_low(lows: Points, ts: int, amount: float) -> None:
    """Add an amount to the low points of a pending condition.

    ``lows`` are pairs of a time and an amount, with rising amounts: since this time, no amount was lower. For any
    limit, the first pair above it gives the time since which that limit has been exceeded without a break.
    """
    since = ts
    while lows and lows[-1][1] >= amount:
        since = lows.pop()[0]
    lows.append((since, amount))
    if len(lows) > MAX_LOWS:
        # For some limits this moves the beginning to a later time, never to an earlier one.
        del lows[MAX_LOWS // 2]


def exceeded_since(lows: Points, limit: float) -> int | None:
    """Return since when all amounts have exceeded ``limit``; None if the last amount does not."""
    return next((since for since, low in lows if low > limit), None)
