"""Does a rule's condition hold, given one value and what the watch remembers? Pure arithmetic."""

from __future__ import annotations

from hub.model import Condition, Equals, NoData, RateOfChange, Threshold, Value, Watch

MAX_WINDOW = 512
"""Points a rate rule remembers; a faster series is thinned to every other point."""


def breached(condition: Condition, watch: Watch, value: Value, ts: int) -> bool | None:
    """True or False; None when the value says nothing about the condition (a text against a limit)."""
    if isinstance(condition, Equals):
        return _same(condition.value, value)
    if isinstance(value, str) or isinstance(condition, NoData):
        return None
    number = float(value)
    if isinstance(condition, Threshold):
        return _beyond(condition, number, raised=watch.alert is not None)
    return _changes(condition, watch, number, ts)


def _beyond(condition: Threshold, number: float, *, raised: bool) -> bool:
    """Once raised, the line to come back over is ``clear``."""
    if condition.above is not None:
        limit = condition.above if not raised or condition.clear is None else condition.clear
        # Between clear and above an open alert stays; reaching clear itself does not yet recover.
        return number >= limit if raised and condition.clear is not None else number > limit
    below = condition.below or 0.0  # parse.py lets no threshold in without one of the two
    limit = below if not raised or condition.clear is None else condition.clear
    return number <= limit if raised and condition.clear is not None else number < limit


def _changes(condition: RateOfChange, watch: Watch, number: float, ts: int) -> bool:
    points = [(at, v) for at, v in watch.points if ts - condition.window_ms <= at <= ts]
    points.append((ts, number))
    watch.points = points if len(points) <= MAX_WINDOW else points[-1::-2][::-1]
    if condition.falling:
        return max(v for _, v in points) - number > condition.by
    return number - min(v for _, v in points) > condition.by


def _same(wanted: Value, value: Value) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)
