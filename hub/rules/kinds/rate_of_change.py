"""``kind = "rate"``: a value that rises or falls too fast."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Limit, Value
from hub.rules.fields import InvalidField, read_duration, read_flag, read_number
from hub.rules.kinds.base import MetricCondition, Points, Rest

HALF = 0.499
"""How far the calm range extends beyond the values in the window, as a part of ``by`` minus the range of these values.

It extends so far on each side. It is a little less than half, so that the calm range stays narrower than ``by`` in
spite of rounding.
"""
MAX_POINTS = 512
"""Maximum readings that a window keeps. If there are more, every second reading is dropped."""


class RateOfChange(MetricCondition, frozen=True):
    """Holds while the metric rises by more than ``by`` within ``window_ms``; with ``falling``, while it falls by more.

    With ``counter``, the metric only rises: a lower value means that the counter was reset, and has counted from 0
    since.
    """

    kind: ClassVar[str] = "rate"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "for", "clear_for", "by", "within", "falling", "counter"})
    windowed: ClassVar[bool] = True
    follows: ClassVar[bool] = True

    by: float
    window_ms: int
    falling: bool = False
    counter: bool = False

    @classmethod
    def parse(cls, table: dict[str, Any]) -> RateOfChange:
        by, window = read_number(table.get("by"), "by"), read_duration(table.get("within"), "within")
        falling, counter = (read_flag(table, key) for key in ("falling", "counter"))
        if by <= 0:
            raise InvalidField("by", table.get("by"), "more than 0")
        if window <= 0:
            raise InvalidField("within", table.get("within"), "more than 0")
        if falling and counter:
            raise InvalidField("counter", counter, "false if falling is true: a counter only rises")
        return cls(by, window, falling=falling, counter=counter)

    @property
    def limit(self) -> float:
        return self.by

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        if isinstance(value, str):
            return None
        number = float(value)
        if points and points[-1][0] > ts:
            points[:] = [each for each in points if each[0] <= ts]
        if not points or points[-1] != (ts, number):
            points.append((ts, number))
        left = bisect_left(points, (ts - self.window_ms, -math.inf))
        del points[:left]
        if len(points) > MAX_POINTS:
            points[:] = points[-1::-2][::-1]
        if self.counter:
            return sum(v - before if v >= before else v for (_, before), (_, v) in pairwise(points))
        if self.falling:
            return max(v for _, v in points) - number
        return number - min(v for _, v in points)

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        # Within a band as wide as the limit, no two values differ by more. A counter has no such band: it keeps rising.
        now = rest.number(metric)
        if self.counter or now is None:
            return None
        values = [now, *(value for _, value in rest.points)]
        low, high = min(values), max(values)
        room = (self.by - (high - low)) * HALF
        return Limit(min=low - room, max=high + room) if room > 0 else None

    def at_rest(self, points: Points) -> bool:
        return True  # only a reading out of the calm range can meet the condition

    def follow(self, points: Points, readings: Points) -> Points:
        joined = points + readings
        since = joined[-1][0] - self.window_ms
        if len(joined) > MAX_POINTS:
            for ts, value in readings:
                self.measure(points, value, ts)
        else:
            points[:] = [each for each in joined if each[0] >= since]
        return []

    def signature(self) -> str:
        return f"rate {self.window_ms} {self.falling}" + (" counter" if self.counter else "")

    def describe(self, metric: str, unit: str | None) -> str:
        verb = "falls" if self.falling else "rises"
        return f"{metric} {verb} more than {fmt.limit_quantity(self.by, unit)} in {fmt.duration(self.window_ms)}"
