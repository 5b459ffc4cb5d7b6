"""``kind = "equals"``: a value that equals a given one, such as a door that is open or a mode that is "fault"."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Breach, Limit, Value, state_word
from hub.rules.fields import read_number, read_text
from hub.rules.kinds.base import MetricCondition, Points, Rest


class Equals(MetricCondition, frozen=True):
    """Holds while the value is equal to ``value``. The boolean true and the number 1 are not equal."""

    kind: ClassVar[str] = "equals"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "for", "clear_for", "value"})

    value: Value

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Equals:
        value = table.get("value")
        if isinstance(value, str):
            return cls(read_text(value, "value", "a number, true, false or a text that is not empty"))
        return cls(value if isinstance(value, bool) else read_number(value, "value", "a number, a text, true or false"))

    @property
    def limit(self) -> float:
        return 0.5

    def measure(self, points: Points, value: Value, ts: int) -> float:
        return float(self.value == value and isinstance(self.value, bool) == isinstance(value, bool))

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        if isinstance(self.value, str | bool):
            return Limit()  # no number equals it
        now = rest.number(metric)
        if now is None or now == self.value:
            return None
        if now > self.value:
            return Limit(min=math.nextafter(self.value, math.inf))
        return Limit(max=math.nextafter(self.value, -math.inf))

    def holding(self, value: float) -> Limit | None:
        return Limit(min=value, max=value)

    def signature(self) -> str:
        return f"equals {self.value!r}"

    def describe(self, metric: str, unit: str | None) -> str:
        return f"{metric} is {fmt.exact_value(self.value, unit)}"

    def message(self, breach: Breach) -> str:
        word = state_word(self.value, breach.device_class)
        return f"{breach.metric} is {word.lower()}" if word else self.describe(breach.metric, breach.unit)
