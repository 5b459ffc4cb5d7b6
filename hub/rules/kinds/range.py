"""``kind = "range"``: a value outside or inside two bounds, with hysteresis."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Limit, Value
from hub.rules.fields import InvalidField, read_flag, read_number
from hub.rules.kinds.base import MetricCondition, Points, Rest


class Range(MetricCondition, frozen=True):
    """Holds while the value is below ``low`` or above ``high``. With ``inside``, holds while it is between them.

    A value that is equal to a bound does not meet the condition. An alert ends when the value has passed the bound in
    the other direction by more than ``hysteresis``. With ``device_limits``, stricter limits that the device announces
    replace ``low`` and ``high``.
    """

    kind: ClassVar[str] = "range"
    keys: ClassVar[frozenset[str]] = frozenset(
        {"metric", "for", "clear_for", "outside", "inside", "hysteresis", "device_limits"}
    )

    low: float
    high: float
    inside: bool = False
    hysteresis: float = 0.0
    device_limits: bool = False

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Range:
        if ("outside" in table) == ("inside" in table):
            raise InvalidField("outside", table.get("outside"), "just one of outside and inside")
        key = "inside" if "inside" in table else "outside"
        low, high = _read_bounds(table[key], key)
        hysteresis = read_number(table.get("hysteresis", 0), "hysteresis")
        if hysteresis < 0:
            raise InvalidField("hysteresis", hysteresis, "0 or more")
        if key == "outside" and hysteresis >= (high - low) / 2:
            raise InvalidField("hysteresis", hysteresis, f"less than half of the range ({(high - low) / 2:g})")
        device_limits = read_flag(table, "device_limits")
        if device_limits and key == "inside":
            raise InvalidField("device_limits", device_limits, "only with outside")
        return cls(low, high, inside=key == "inside", hysteresis=hysteresis, device_limits=device_limits)

    @property
    def limit(self) -> float:
        return 0.0

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        if isinstance(value, str):
            return None
        return min(value - self.low, self.high - value) if self.inside else max(self.low - value, value - self.high)

    def signature(self) -> str:
        return f"{'inside' if self.inside else 'outside'} {self.low} {self.high}"

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        return amount >= -self.hysteresis if raised and self.hysteresis else amount > 0

    def tightened(self, own: Limit) -> Range:
        if not self.device_limits:
            return self
        low = self.low if own.min is None else max(self.low, own.min)
        high = self.high if own.max is None else min(self.high, own.max)
        if low >= high:  # they contradict each other
            low, high = self.low, self.high
        room = (high - low) / 2
        return Range(low, high, hysteresis=self.hysteresis if self.hysteresis < room else 0.0)

    def describe(self, metric: str, unit: str | None) -> str:
        word = "inside" if self.inside else "outside"
        own = ", or the device's own limits" if self.device_limits else ""
        return f"{metric} {word} {fmt.limit(self.low)} to {fmt.limit_quantity(self.high, unit)}{own}"

    def describe_recovery(self) -> str:
        if not self.hysteresis:
            return ""
        inwards = -self.hysteresis if self.inside else self.hysteresis
        word = "outside" if self.inside else "inside"
        return f"clears {word} {fmt.limit(self.low + inwards)} to {fmt.limit(self.high - inwards)}"

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        now = rest.number(metric)
        if not self.inside or now is None:
            return self.bounds()
        return Limit(max=self.low) if now <= self.low else Limit(min=self.high) if now >= self.high else None

    def holding(self, value: float) -> Limit | None:
        if self.inside:
            return Limit(min=math.nextafter(self.low, math.inf), max=math.nextafter(self.high, -math.inf))
        if value > self.high:
            return Limit(min=math.nextafter(self.high, math.inf))
        return Limit(max=math.nextafter(self.low, -math.inf))

    def bounds(self) -> Limit | None:
        return None if self.inside else Limit(min=self.low, max=self.high)


def _read_bounds(value: Any, key: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise InvalidField(key, value, "two numbers, such as [10, 20]")
    low, high = (read_number(each, key, "two numbers, such as [10, 20]") for each in value)
    if low >= high:
        raise InvalidField(key, value, "first the lower bound, then the upper one")
    return low, high
