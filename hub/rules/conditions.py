"""Does a rule's condition hold, given one value and what the watch remembers? Pure arithmetic.

Every condition measures one amount and compares it with one limit: the value itself (``above``), its negative
(``below``), the change within the window (``rate``), or 1 for the value that is looked for and 0 for any other
(``equals``). So a limit that changes can be compared with amounts that were measured before.
"""

from __future__ import annotations

from hub.model import Condition, Equals, NoData, RateOfChange, Threshold, Value

MAX_WINDOW = 512
"""Points a rate rule remembers; a faster series is thinned to every other point."""
MAX_LOWS = 32
"""Low points a pending watch remembers; of more, the middle ones are dropped."""
Points = list[tuple[int, float]]


def amount(condition: Condition, points: Points, value: Value, ts: int) -> float | None:
    """Return what the condition compares with its limit; None when the value says nothing about it (a text against a
    number).

    Args:
        condition: What the rule asks.
        points: The window of a rate rule, to which this reading is added. Unchanged for other conditions.
        value: The reading.
        ts: Its time in ms.
    """
    if isinstance(condition, Equals):
        return float(_same(condition.value, value))
    if isinstance(value, str) or isinstance(condition, NoData):
        return None
    if isinstance(condition, Threshold):
        return float(value) if condition.above is not None else -float(value)
    return _change(condition, points, float(value), ts)


def limit(condition: Condition) -> float:
    """Return the limit that :func:`amount` has to exceed."""
    if isinstance(condition, Threshold):
        return condition.above if condition.above is not None else -(condition.below or 0.0)
    return condition.by if isinstance(condition, RateOfChange) else 0.5


def exceeded(condition: Condition, measured: float, *, raised: bool) -> bool:
    """Return whether an amount breaks the limit; once an alert is raised, the limit to come back over is ``clear``."""
    if raised and isinstance(condition, Threshold) and condition.clear is not None:
        # Between clear and the limit an open alert stays; reaching clear itself does not yet recover.
        return measured >= (condition.clear if condition.above is not None else -condition.clear)
    return measured > limit(condition)


def note_low(lows: Points, ts: int, measured: float) -> None:
    """Add an amount to the low points of a pending condition.

    ``lows`` holds rising amounts, each with the time since which no amount was lower. So for any limit it tells since
    when the limit has been exceeded without a break.
    """
    since = ts
    while lows and lows[-1][1] >= measured:
        since = lows.pop()[0]
    lows.append((since, measured))
    if len(lows) > MAX_LOWS:
        # Dropping one makes a later beginning out of it for some limits, never an earlier one.
        del lows[MAX_LOWS // 2]


def exceeded_since(lows: Points, limit: float) -> int | None:
    """Return since when all amounts have exceeded ``limit``; None if the last one does not."""
    return next((since for since, low in lows if low > limit), None)


def _change(condition: RateOfChange, points: Points, number: float, ts: int) -> float:
    inside = [(at, v) for at, v in points if ts - condition.window_ms <= at <= ts]
    if not inside or inside[-1] != (ts, number):
        inside.append((ts, number))
    points[:] = inside if len(inside) <= MAX_WINDOW else inside[-1::-2][::-1]
    if condition.falling:
        return max(v for _, v in points) - number
    return number - min(v for _, v in points)


def _same(wanted: Value, value: Value) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)
