"""``kind = "threshold"``: a value above or below a limit, with hysteresis."""

from __future__ import annotations

from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Limit, Value
from hub.rules.fields import InvalidField, read_number
from hub.rules.kinds.base import MetricCondition, Points


class Threshold(MetricCondition, frozen=True):
    """Holds while the value is above ``above`` or below ``below``, one of which is None.

    An alert ends only past ``clear``, or past the limit itself if ``clear`` is None.
    """

    kind: ClassVar[str] = "threshold"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "for", "clear_for", "above", "below", "clear"})

    above: float | None = None
    below: float | None = None
    clear: float | None = None

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Threshold:
        return cls(*read_limits(table))

    @property
    def limit(self) -> float:
        return self.above if self.above is not None else -(self.below or 0.0)

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        if isinstance(value, str):
            return None
        # Below a limit is above it with both signs turned.
        return float(value) if self.above is not None else -float(value)

    def signature(self) -> str:
        return "below" if self.above is None else "above"

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        if raised and self.clear is not None:
            # Between clear and the limit an open alert stays; reaching clear itself does not end it yet.
            return amount >= (self.clear if self.above is not None else -self.clear)
        return amount > self.limit

    def describe(self, metric: str, unit: str | None) -> str:
        if self.above is not None:
            return f"{metric} above {fmt.limit_quantity(self.above, unit)}"
        return f"{metric} below {fmt.limit_quantity(self.below or 0.0, unit)}"

    def describe_recovery(self) -> str:
        if self.clear is None:
            return ""
        return f"clears {'below' if self.above is not None else 'above'} {fmt.limit(self.clear)}"

    def bounds(self) -> Limit:
        return Limit(min=self.below, max=self.above)

    @property
    def threshold(self) -> float | None:
        return self.above if self.above is not None else self.below


def read_limits(table: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    """Return ``above``, ``below`` and ``clear`` of a table, None for those that it does not have."""
    if ("above" in table) == ("below" in table):
        raise InvalidField("above", table.get("above"), "just one of above and below")
    clear = read_number(table["clear"], "clear") if "clear" in table else None
    if "above" in table:
        above = read_number(table["above"], "above")
        if clear is not None and clear > above:
            raise InvalidField("clear", clear, f"at most above ({above:g})")
        return above, None, clear
    below = read_number(table["below"], "below")
    if clear is not None and clear < below:
        raise InvalidField("clear", clear, f"at least below ({below:g})")
    return None, below, clear
