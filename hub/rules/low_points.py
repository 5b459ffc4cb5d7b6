"""Compute since when a condition has held, even if its limit changes meanwhile.

It is used for a condition that waits for the rule's ``for``: it holds, but not for long enough yet.
"""

from __future__ import annotations

from hub.rules.kinds import Points

MAX_LOWS = 32
"""Maximum low points of a condition. If there are more, one in the middle is dropped."""


def note_low(lows: Points, ts: int, amount: float) -> None:
    """Add an amount to the low points of a condition that waits for the rule's ``for``.

    ``lows`` are pairs of a time (ms) and an amount, with rising amounts. Since the time of a pair, no amount was lower
    than the amount of the pair. For any limit, the time of the first pair above the limit is the time since which the
    limit has been exceeded without a break.
    """
    since = ts
    while lows and lows[-1][1] >= amount:
        since = lows.pop()[0]
    lows.append((since, amount))
    if len(lows) > MAX_LOWS:
        # For some limits this moves the beginning to a later time, never to an earlier one.
        del lows[MAX_LOWS // 2]


def exceeded_since(lows: Points, limit: float) -> int | None:
    """Return the time since which all amounts have exceeded ``limit``; None if the last amount does not exceed it."""
    return next((since for since, low in lows if low > limit), None)
