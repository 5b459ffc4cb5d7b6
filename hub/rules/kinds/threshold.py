"""``kind = "threshold"``: a value above or below a limit, with hysteresis and further limits of higher severity."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import msgspec

from hub import text_format as fmt
from hub.model import SEVERITIES, Limit, Severity, Value
from hub.rules.fields import InvalidField, read_flag, read_number
from hub.rules.kinds.base import MetricCondition, Points

LIMIT_KEYS = frozenset({"above", "below", "clear"})


class SeverityLimit(msgspec.Struct, frozen=True):
    """A further limit of a rule. Past this limit, the alert has the higher ``severity``.

    The limit is ``above`` or ``below``; the other is None. The severity is lowered again when the value has returned to
    the other side of ``clear`` (None: of the limit).
    """

    severity: Severity
    above: float | None = None
    below: float | None = None
    clear: float | None = None


class Threshold(MetricCondition, frozen=True):
    """Holds while the value is above the limit ``above``, or below the limit ``below``. Only one of them is set.

    An alert ends when the value has returned past ``clear``, or to the limit if ``clear`` is None. ``steps`` are
    further limits with higher severities, in rising order of severity. With ``device_limits``, a stricter limit that
    the device announces replaces the rule's limit.
    """

    kind: ClassVar[str] = "threshold"
    keys: ClassVar[frozenset[str]] = LIMIT_KEYS | {"metric", "for", "clear_for", "device_limits", *SEVERITIES[2:]}

    above: float | None = None
    below: float | None = None
    clear: float | None = None
    steps: tuple[SeverityLimit, ...] = ()
    device_limits: bool = False

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Threshold:
        return cls(*read_limits(table), steps=_read_steps(table), device_limits=read_flag(table, "device_limits"))

    @property
    def limits(self) -> tuple[float | None, ...]:
        """All limits: that of the rule itself, and those of the higher severities."""
        return (self.threshold, *(_threshold(step).threshold for step in self.steps))

    def at(self, amount: float, severity: Severity | None) -> tuple[Severity | None, Threshold]:
        reached = 0 if severity is None else SEVERITIES.index(severity)
        for step in reversed(self.steps):
            condition = _threshold(step)
            if condition.exceeded(amount, raised=reached >= SEVERITIES.index(step.severity)):
                return step.severity, condition
        return None, self

    @property
    def limit(self) -> float:
        return self.above if self.above is not None else -(self.below or 0.0)

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        if isinstance(value, str):
            return None
        # "below" is evaluated as "above", with the signs of the value and the limit changed.
        return float(value) if self.above is not None else -float(value)

    def signature(self) -> str:
        return "below" if self.above is None else "above"

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        if raised and self.clear is not None:
            # The alert stays open while the value is between the limit and clear, or equal to clear.
            return amount >= (self.clear if self.above is not None else -self.clear)
        return amount > self.limit

    def tightened(self, own: Limit) -> Threshold:
        if not self.device_limits:
            return self
        moved = 0.0
        if self.above is not None and own.max is not None:
            moved = min(own.max - self.above, 0.0)
        elif self.below is not None and own.min is not None:
            moved = max(own.min - self.below, 0.0)
        above, below, clear = (None if each is None else each + moved for each in (self.above, self.below, self.clear))
        return Threshold(above, below, clear, self.steps)

    def describe(self, metric: str, unit: str | None) -> str:
        own = ", or the device's own limit" if self.device_limits else ""
        if self.above is not None:
            return f"{metric} above {fmt.limit_quantity(self.above, unit)}{own}"
        return f"{metric} below {fmt.limit_quantity(self.below or 0.0, unit)}{own}"

    def describe_recovery(self) -> str:
        if self.clear is None:
            return ""
        return f"clears {'below' if self.above is not None else 'above'} {fmt.limit(self.clear)}"

    def describe_steps(self) -> str:
        return "".join(f"; {step.severity} {_threshold(step).describe_limits()}" for step in self.steps)

    def describe_limits(self) -> str:
        """Return the limit and the clear value as text, without the metric: ``above 90, clears below 87``."""
        recovery = self.describe_recovery()
        return self.describe("", None).strip() + (f", {recovery}" if recovery else "")

    def holding(self, value: float) -> Limit | None:
        if self.above is not None:
            return Limit(min=math.nextafter(self.above, math.inf))
        return Limit(max=math.nextafter(self.below or 0.0, -math.inf))

    def bounds(self) -> Limit:
        return Limit(min=self.below, max=self.above)

    @property
    def threshold(self) -> float | None:
        return self.above if self.above is not None else self.below


def read_limits(table: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    """Return ``above``, ``below`` and ``clear`` of a table, each None if the table does not have it.

    Raises InvalidField unless the table has just one of ``above`` and ``below``.
    """
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


def _threshold(step: SeverityLimit) -> Threshold:
    return Threshold(step.above, step.below, step.clear)


def _read_steps(table: dict[str, Any]) -> tuple[SeverityLimit, ...]:
    """Return the limits for higher severities in a rule's table, in rising order of severity.

    Each of them is a table whose key is a severity, such as ``critical = { above = 90, clear = 87 }``. Raises
    InvalidField.
    """
    side = "above" if "above" in table else "below"
    own, last = SEVERITIES.index(table.get("severity", "warning")), table[side]
    steps: list[SeverityLimit] = []
    for rank, name in enumerate(SEVERITIES):
        if name not in table or rank < 2:
            continue
        value, example = table[name], f"limits such as {{ {side} = 90, clear = 87 }}"
        if not isinstance(value, dict) or not value.keys() <= LIMIT_KEYS or side not in value:
            raise InvalidField(
                name, value, example.replace("90, clear = 87", "10, clear = 13") if side == "below" else example
            )
        if rank <= own:
            raise InvalidField(name, value, f"only severities above the rule's own, {SEVERITIES[own]}")
        step = SeverityLimit(name, *_read_step(value, name))
        beyond = value[side] > last if side == "above" else value[side] < last
        if not beyond:
            raise InvalidField(name, value, f"a limit {side} {last:g}")
        steps.append(step)
        last = value[side]
    return tuple(steps)


def _read_step(value: dict[str, Any], name: str) -> tuple[float | None, float | None, float | None]:
    try:
        return read_limits(value)
    except InvalidField as error:
        raise InvalidField(name, value, error.allowed) from None
