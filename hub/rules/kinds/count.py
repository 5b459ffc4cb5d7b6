"""``kind = "count"``: a condition that values meet several times within a window, such as a door that often opens."""

from __future__ import annotations

from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Breach, Limit, Value
from hub.rules.fields import InvalidField, read_duration, read_flag, read_number
from hub.rules.kinds.base import MetricCondition, Points, Rest
from hub.rules.kinds.equals import Equals
from hub.rules.kinds.threshold import LIMIT_KEYS, Threshold, read_limits

MAX_TIMES = 100


class Count(MetricCondition, frozen=True):
    """Holds while the metric has become ``value``, or passed a limit, at least ``times`` times within a window.

    Consecutive values that meet the condition count once. With ``each_value``, each value counts.

    ``points`` has the pair (time, 1) for each value that counted. If the last value does not meet the condition, its
    pair (time, 0) follows.
    """

    kind: ClassVar[str] = "count"
    keys: ClassVar[frozenset[str]] = LIMIT_KEYS | {"metric", "value", "times", "within", "each_value"}
    hints: ClassVar[dict[str, str]] = {
        "for": "nothing: the alert is raised with the value that completes the number of times",
        "clear_for": "nothing: the alert clears when fewer than times remain in the window",
    }
    windowed: ClassVar[bool] = True
    derived: ClassVar[bool] = True
    lapses: ClassVar[bool] = True

    times: int
    window_ms: int
    value: Value | None = None
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    each_value: bool = False

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Count:
        times = read_number(table.get("times"), "times")
        if not 1 <= times <= MAX_TIMES or times != int(times):
            raise InvalidField("times", table["times"], f"a whole number from 1 to {MAX_TIMES}")
        window = read_duration(table.get("within"), "within")
        if window <= 0:
            raise InvalidField("within", table["within"], "more than 0")
        each_value = read_flag(table, "each_value")
        if "value" not in table:
            return cls(int(times), window, None, *read_limits(table), each_value=each_value)
        for key in sorted(LIMIT_KEYS & table.keys()):
            raise InvalidField(key, table[key], "just one of above, below and value")
        return cls(int(times), window, Equals.parse(table).value, each_value=each_value)

    @property
    def counted(self) -> Equals | Threshold:
        """The condition that is counted."""
        return Threshold(self.above, self.below, self.clear) if self.value is None else Equals(self.value)

    @property
    def limit(self) -> float:
        return self.times - 0.5

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        amount = self.counted.measure([], value, ts)
        if amount is None:
            return None
        was_met = bool(points) and points[-1][1] > 0
        met = self.counted.exceeded(amount, raised=was_met)
        times = [at for at, counts in points if counts]
        if met and (self.each_value or not was_met) and (not times or ts > times[-1]):
            times.append(ts)
        recent = [at for at in times if at > ts - self.window_ms][-MAX_TIMES:]
        points[:] = [(at, 1.0) for at in (recent or (times[-1:] if met else []))]
        if recent and not met:
            points.append((ts, 0.0))
        return float(len(recent))

    def remaining(self, points: Points, ts: int) -> float:
        return float(sum(1 for at, counts in points if counts and at > ts - self.window_ms))

    def lapse(self, points: Points) -> int | None:
        times = [at for at, counts in points if counts]
        return times[-self.times] + self.window_ms if len(times) >= self.times else None

    def signature(self) -> str:
        counted = f"{self.value!r}" if self.value is not None else f"{self.above} {self.below} {self.clear}"
        return f"count {counted} {self.window_ms} {self.each_value}"

    def describe(self, metric: str, unit: str | None) -> str:
        return f"{self.counted.describe(metric, unit)}, {self._often()}"

    def describe_recovery(self) -> str:
        return self.counted.describe_recovery().replace("clears", "counts again")

    def message(self, breach: Breach) -> str:
        return f"{self.counted.message(breach)}, {self._often()}"

    def _often(self) -> str:
        times = "once" if self.times == 1 else f"{self.times} times"
        of = "values" if self.times > 1 else "value"
        often = f"in {self.times} {of}" if self.each_value else times
        return f"{often} within {fmt.duration(self.window_ms)}"

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        return self.counted.calm(metric, rest)

    def at_rest(self, points: Points) -> bool:
        return not points or not points[-1][1]  # without new values that count, the number of times can only fall
