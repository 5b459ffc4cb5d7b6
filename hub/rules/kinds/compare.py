"""``kind = "compare"``: the difference between two values, above or below a limit.

The first value is a metric of the device. The second value is another metric of the device, the same metric of another
device, or the median of this metric in the area.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from hub.model import Limit, Value
from hub.rules.fields import InvalidField, read_duration, read_text
from hub.rules.kinds.base import MAX_AGE_MS, MetricCondition, Points, Rest, ValueSource
from hub.rules.kinds.threshold import LIMIT_KEYS, Threshold, read_limits

SOURCE_KEYS = frozenset({"with_device", "with_area", "max_age"})
HALF = 0.499
"""How far each metric may change within the calm range, as a part of the difference's distance to the limit.

It is a little less than half, so that both changes together, with rounding, do not reach the limit.
"""


class Compare(MetricCondition, frozen=True):
    """Holds while the difference of two metrics, the rule's metric minus ``other``, is beyond a limit.

    ``other`` is a metric of the same device. If ``device`` is set, it is a metric of that device. If ``area`` is true,
    it is the median of this metric over the device's area. If ``other`` is empty, each metric that the rule watches is
    compared with the metric of the same name. The limits are those of :class:`Threshold`.
    """

    kind: ClassVar[str] = "compare"
    keys: ClassVar[frozenset[str]] = LIMIT_KEYS | {"metric", "for", "clear_for", "with", *SOURCE_KEYS}

    other: str
    above: float | None = None
    below: float | None = None
    clear: float | None = None
    device: str | None = None
    area: bool = False
    max_age_ms: int = MAX_AGE_MS

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Compare:
        device, area, max_age = _read_source(table)
        outside = device is not None or area
        metric = table.get("metric")
        several = not isinstance(metric, str) or any(sign in metric for sign in "*?[")
        if "with" not in table and outside and several:
            other = ""
        else:
            other = read_text(table.get("with", metric if outside else None), "with", "another metric")
        if any(sign in other for sign in "*?["):
            raise InvalidField("with", other, "one metric: no pattern")
        if other == metric and not outside:
            raise InvalidField("with", other, "a metric that differs from metric")
        return cls(other, *read_limits(table), device=device, area=area, max_age_ms=max_age)

    @property
    def difference(self) -> Threshold:
        """The limit for the difference of the two values, as a condition of its own."""
        return Threshold(self.above, self.below, self.clear)

    @property
    def others(self) -> tuple[str, ...]:
        return () if self.source else (self.other,)

    @property
    def source(self) -> ValueSource | None:
        if self.device is None and not self.area:
            return None
        return ValueSource(self.other, self.device, self.max_age_ms)

    @property
    def limit(self) -> float:
        return self.difference.limit

    def combine(self, value: Value, others: Sequence[Value]) -> Value:
        (other,) = others
        return "" if isinstance(value, str) or isinstance(other, str) else float(value) - float(other)

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        return self.difference.measure(points, value, ts)

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        own, other = rest.number(rest.metric), rest.number(self.other)
        if self.source is not None or own is None or other is None:
            return None
        room = (self.above - own + other if self.above is not None else own - other - (self.below or 0.0)) * HALF
        if room <= 0:
            return None
        # Each metric may use half of the distance to the limit, so that both together cannot reach it.
        rises = (metric == rest.metric) == (self.above is not None)
        value = own if metric == rest.metric else other
        return Limit(max=value + room) if rises else Limit(min=value - room)

    def signature(self) -> str:
        of = f" of {self.device}" if self.device is not None else " of the area" if self.area else ""
        return f"{self.difference.signature()} minus {self.other}{of}"

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        return self.difference.exceeded(amount, raised=raised)

    def describe(self, metric: str, unit: str | None) -> str:
        same = self.other in (metric, "")
        if self.device is not None:
            other = f"that of {self.device}" if same else f"{self.other} of {self.device}"
        elif self.area:
            other = "the median of its area" if same else f"the median {self.other} of its area"
        else:
            other = self.other
        return self.difference.describe(f"{metric} minus {other}", unit)

    def describe_recovery(self) -> str:
        return self.difference.describe_recovery()


def _read_source(table: dict[str, Any]) -> tuple[str | None, bool, int]:
    """Return the id of the other device (or None), True if the area's median is read, and the maximum age in ms."""
    device = read_text(table["with_device"], "with_device", "the id of a device") if "with_device" in table else None
    if device is not None and any(sign in device for sign in "*?["):
        raise InvalidField("with_device", device, "the id of one device: no patterns")
    area = "with_area" in table
    if area and (device is not None or table["with_area"] != "median"):
        raise InvalidField("with_area", table["with_area"], '"median", and not together with with_device')
    if "max_age" in table and device is None and not area:
        raise InvalidField("max_age", table["max_age"], "only together with with_device or with_area")
    return device, area, read_max_age(table)


def read_max_age(table: dict[str, Any]) -> int:
    """Return the age in ms from which a value of another device counts as unknown. Raises InvalidField."""
    max_age = read_duration(table.get("max_age", MAX_AGE_MS // 1000), "max_age")
    if max_age < 1_000:
        raise InvalidField("max_age", table["max_age"], "at least 1s")
    return max_age
