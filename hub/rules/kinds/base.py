"""Base classes for the kinds of rules: a condition on readings, and a condition on the time since the last message.

A kind subclasses one of them. The ``source`` of a condition on a metric is the value of other devices that it reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, NamedTuple

import msgspec

from hub import text_format as fmt
from hub.model import Breach, Condition, Latest, Limit, Severity, Value

Points = list[tuple[int, float]]
"""Times in ms with the values measured then, in order."""


MAX_AGE_MS = 3_600_000
"""Age from which a value of another device is not known, unless a condition has a ``max_age``."""


class ValueSource(msgspec.Struct, frozen=True):
    """A value from outside the device: a metric of another device, or without ``device`` the area's median.

    Values that are older than ``max_age_ms`` are not read.
    """

    metric: str
    device: str | None
    max_age_ms: int


class Rest(NamedTuple):
    """The input of :meth:`MetricCondition.calm`: a watch without a condition in progress, and the latest values.

    ``metric`` is the metric of the watch's rule, and ``points`` are the points that the watch keeps. ``metrics`` are
    those whose calm ranges are used together: a message is skipped only if all of them are within their ranges.
    """

    metric: str
    metrics: Collection[str]
    latest: Mapping[str, Latest]
    points: Points

    def number(self, metric: str) -> float | None:
        """Return the latest value of a metric, None if there is none or it is a text."""
        latest = self.latest.get(metric)
        return None if latest is None or isinstance(latest.value, str) else float(latest.value)


class MetricCondition(Condition, frozen=True):
    """A condition on the values of one metric, evaluated with each reading.

    The condition measures one amount and compares it with one limit, so a new limit can be compared with amounts that
    were measured before.
    """

    windowed: ClassVar[bool] = False
    """Whether :meth:`measure` keeps earlier readings in ``points``."""
    follows: ClassVar[bool] = False
    """Whether readings in the calm range have to be passed to :meth:`follow`."""
    learns_ms: ClassVar[int] = 0
    """How long the condition learns before it can hold, at most; a backtest begins that much earlier."""
    found: ClassVar[frozenset[str]] = frozenset()
    """Fields that :meth:`at` fills in when an alert is raised. In a rule they are None."""
    derived: ClassVar[bool] = False
    """Whether ``points`` are not readings, so that another condition cannot use them."""
    lapses: ClassVar[bool] = False
    """Whether the amount falls as time goes on, without further readings: see :meth:`remaining` and :meth:`lapse`."""
    lasting: ClassVar[bool] = False
    """Whether every new value begins the condition: a reading that ends it also begins it again, as in ``stuck``."""

    @property
    def others(self) -> tuple[str, ...]:
        """Other metrics of the device that the condition reads, too."""
        return ()

    def tightened(self, own: Limit) -> MetricCondition:
        """Return the condition with the device's own limit if that limit is tighter."""
        return self

    @property
    def source(self) -> ValueSource | None:
        """The value outside the device that the condition reads, too."""
        return None

    def combine(self, value: Value, others: Sequence[Value]) -> Value:
        """Return the value to measure, from the metric's value and those of ``others``; a text if there is none."""
        return value

    @property
    def limit(self) -> float:
        """The limit that an amount has to exceed."""
        raise NotImplementedError

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        """Return the amount to compare with the limit.

        Args:
            points: Earlier readings of the metric; a windowed condition adds this one.
            value: The reading, combined with the values of ``others``.
            ts: Its time in ms.

        Returns:
            None if the condition does not apply to the value: a text where a number is expected.
        """
        raise NotImplementedError

    def remaining(self, points: Points, ts: int) -> float:
        """Return the amount at time ``ts`` after the last reading, for a condition that can end without readings."""
        raise NotImplementedError  # each kind that lapses defines it; see Condition in hub/model/rule.py

    def lapse(self, points: Points) -> int | None:
        """Return when a condition that holds ends if no further reading arrives; None for never."""
        return None

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        """Return the range of a metric in which no number changes the state of a watch at rest (see :class:`Rest`).

        A windowed condition gets the readings in this range through :meth:`follow`. None if there is no such range.
        """
        return self.bounds()

    def calm_until(self, rest: Rest) -> int | None:
        """Return until when (ms, by the device's clock) the range of :meth:`calm` is valid; None for always."""
        return None

    def holding(self, value: float) -> Limit | None:
        """Return the range around ``value`` in which every value meets the condition; None if earlier values matter."""
        return None

    def at_rest(self, points: Points) -> bool:
        """Return True if a watch that has these points and no alert has no condition in progress."""
        return not points

    def follow(self, points: Points, readings: Points) -> Points:
        """Add readings in the calm range to ``points``, in order. Return those that the watch has to step through."""
        return []

    def signature(self) -> str:
        """Return a text for what is measured, without the limit. Amounts with equal signatures can be compared.

        Stored as a checksum, so it must not change between releases.
        """
        raise NotImplementedError

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        """Return whether the condition holds for an amount. ``raised`` says that its alert is open (hysteresis)."""
        return amount > self.limit

    @property
    def limits(self) -> tuple[float | None, ...]:
        """All numbers that an alert of this condition may show as its threshold."""
        return (self.threshold,)

    def at(self, amount: float, severity: Severity | None) -> tuple[Severity | None, MetricCondition]:
        """Return the severity and the condition that apply to an amount; None for the rule's own severity.

        ``severity`` is the open alert's severity or None. It is lowered only past a clear value.
        """
        return None, self

    def message(self, breach: Breach) -> str:
        text = self.describe(breach.metric, breach.unit)
        if breach.value is None:
            return text
        reading = _reading(breach.value, breach.unit, self.threshold)
        return f"{breach.metric} {reading}, {text.removeprefix(breach.metric + ' ')}"


class SilenceCondition(Condition, frozen=True):
    """A condition on the time since the last message of the device, or the last value of a metric."""

    def silence(self, expected_interval: float) -> int:
        """Return the silence in ms that meets the condition on a device with an expected interval; 0 if unknown."""
        raise NotImplementedError


def _reading(value: Value, unit: str | None, limit: float | None) -> str:
    """Return the reading that broke a limit as text, with enough digits to differ from the limit."""
    if isinstance(value, bool | str) or (limit is not None and fmt.number(value, unit) == fmt.number(limit, unit)):
        return fmt.exact_value(value, unit)
    return fmt.quantity(value, unit)
