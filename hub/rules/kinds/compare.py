"""``kind = "compare"``: the difference between two metrics of a device, above or below a limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from hub.model import Value
from hub.rules.fields import InvalidField, read_text
from hub.rules.kinds.base import MetricCondition, Points
from hub.rules.kinds.threshold import LIMIT_KEYS, Threshold, read_limits


class Compare(MetricCondition, frozen=True):
    """Holds while the metric minus the metric ``other`` is beyond a limit; see :class:`Threshold`."""

    kind: ClassVar[str] = "compare"
    keys: ClassVar[frozenset[str]] = LIMIT_KEYS | {"metric", "for", "clear_for", "with"}

    other: str
    above: float | None = None
    below: float | None = None
    clear: float | None = None

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Compare:
        other = read_text(table.get("with"), "with", "another metric of the device")
        for key, name in (("metric", table.get("metric")), ("with", other)):
            if isinstance(name, str) and any(sign in name for sign in "*?["):
                raise InvalidField(key, name, "one metric: a compare rule has no patterns")
        if other == table.get("metric"):
            raise InvalidField("with", other, "a metric that differs from metric")
        return cls(other, *read_limits(table))

    @property
    def difference(self) -> Threshold:
        """The condition on the difference."""
        return Threshold(self.above, self.below, self.clear)

    @property
    def others(self) -> tuple[str, ...]:
        return (self.other,)

    @property
    def limit(self) -> float:
        return self.difference.limit

    def combine(self, value: Value, others: Sequence[Value]) -> Value:
        (other,) = others
        return "" if isinstance(value, str) or isinstance(other, str) else float(value) - float(other)

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        return self.difference.measure(points, value, ts)

    def signature(self) -> str:
        return f"{self.difference.signature()} minus {self.other}"

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        return self.difference.exceeded(amount, raised=raised)

    def describe(self, metric: str, unit: str | None) -> str:
        return self.difference.describe(f"{metric} minus {self.other}", unit)

    def describe_recovery(self) -> str:
        return self.difference.describe_recovery()
