"""Compute since when a condition has held, even if its limit is changed meanwhile.

This is used while a condition holds, but has not held for the rule's ``for`` yet.
"""

from __future__ import annotations

from hub.rules.kinds import Points

MAX_LOWS = 32
"""Maximum low points of a condition. If there are more, one in the middle is dropped."""


def note_low(lows: Points, ts: int, amount: float) -> None:
    """Add ``amount`` at the time ``ts`` to the low points of a condition that waits for the rule's ``for``.

    ``lows`` are pairs of a time (ms) and an amount; both rise from pair to pair. Since the time of a pair, no amount
    was lower than the amount of the pair. So the first pair with an amount above a limit tells since when this limit
    has been exceeded without interruption.
    """
    since = ts
    while lows and lows[-1][1] >= amount:
        since = lows.pop()[0]
    lows.append((since, amount))
    if len(lows) > MAX_LOWS:
        # For some limits this moves the beginning to a later time, never to an earlier one.
        del lows[MAX_LOWS // 2]


def exceeded_since(lows: Points, limit: float) -> int | None:
    """Return the time (ms) since which a condition has exceeded ``limit`` without a break; None if it does not now.

    ``lows`` are the pairs of time and amount that :func:`note_low` keeps.
    """
    return next((since for since, low in lows if low > limit), None)
