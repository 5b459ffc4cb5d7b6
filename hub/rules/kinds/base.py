"""Base classes for the kinds of rules: a condition on readings, and a condition on the time since the last message.

Each kind is a subclass of one of the two. A condition on readings may also read one value from outside the device (its
``source``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import ClassVar, NamedTuple

import msgspec

from hub import text_format as fmt
from hub.model import Breach, Condition, Latest, Limit, Severity, Value

Points = list[tuple[int, float]]
"""Pairs of a time in ms and the value at that time, in order of time."""


MAX_AGE_MS = 3_600_000
"""Age in ms from which a value of another device counts as unknown, unless a condition has a ``max_age``."""


class ValueSource(msgspec.Struct, frozen=True):
    """A value from outside the device: a metric of another device, or the median of a metric in the area.

    It is the median if ``device`` is None. Values that are older than ``max_age_ms`` are not read.
    """

    metric: str
    device: str | None
    max_age_ms: int


class Rest(NamedTuple):
    """The input of :meth:`MetricCondition.calm`: the state of a rule at rest, and the latest values of the device.

    A rule is at rest while its condition neither holds nor has begun.

    Attributes:
        metric: The metric of the rule.
        metrics: The metrics of one message. The fast path skips a message only if each value is in its calm range.
        latest: The latest value of each metric of the device.
        points: What the rule remembers, usually earlier readings.
    """

    metric: str
    metrics: Collection[str]
    latest: Mapping[str, Latest]
    points: Points

    def number(self, metric: str) -> float | None:
        """Return the latest value of a metric as a number; None if there is no value, or the value is a text."""
        latest = self.latest.get(metric)
        return None if latest is None or isinstance(latest.value, str) else float(latest.value)


class MetricCondition(Condition, frozen=True):
    """A condition on the values of one metric, evaluated with each reading.

    From each reading, the condition computes a number, which is called the amount, and compares it with one limit. If
    people change the limit, amounts that were measured before can be compared with the new limit.
    """

    windowed: ClassVar[bool] = False
    """Whether :meth:`measure` keeps earlier readings in ``points``."""
    follows: ClassVar[bool] = False
    """Whether readings that the fast path skipped have to be passed to :meth:`follow`."""
    learns_ms: ClassVar[int] = 0
    """Maximum time in ms that the condition learns before it can hold. A backtest begins that much earlier."""
    found: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields that :meth:`at` fills in when an alert is raised. In a rule, these fields are None."""
    derived: ClassVar[bool] = False
    """Whether ``points`` has data computed from readings. If the rule gets another condition, it cannot use them."""
    lapses: ClassVar[bool] = False
    """Whether the amount falls with time even without new readings: see :meth:`remaining` and :meth:`lapse`."""
    lasting: ClassVar[bool] = False
    """Whether the condition begins with each new value, as in ``stuck``. One reading can end it and begin it again."""

    @property
    def learns(self) -> bool:
        """Whether the condition learns the usual values of a metric, which takes memory for each metric."""
        return self.learns_ms > 0

    @property
    def others(self) -> tuple[str, ...]:
        """The metrics of the device that the condition reads besides the rule's metric."""
        return ()

    def tightened(self, own: Limit) -> MetricCondition:
        """Return the condition with the limit ``own``, which the device announces, if that limit is stricter.

        A condition that does not use limits of devices is returned unchanged.
        """
        return self

    @property
    def source(self) -> ValueSource | None:
        """The value from outside the device that the condition also reads; None if it reads only its own device.

        It is a metric of another device, or the median of a metric in the area.
        """
        return None

    def combine(self, value: Value, others: Sequence[Value]) -> Value:
        """Return the value for :meth:`measure`: the reading's ``value``, combined with the values of other metrics.

        For example, a ``compare`` condition returns the difference. If the values cannot be combined, return an empty
        string, for which :meth:`measure` returns None.
        """
        return value

    @property
    def limit(self) -> float:
        """The number that the amount (see :meth:`measure`) has to exceed."""
        raise NotImplementedError

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        """Return the number that the condition compares with its limit.

        Args:
            points: Earlier readings of the metric. A windowed condition adds this reading to the list.
            value: The value of the reading. If the condition has ``others``, the other metrics that it reads, it is
                already combined with their values (:meth:`combine`).
            ts: Time of the reading in ms.

        Returns:
            None if the condition does not apply to the value, such as a text where a number is expected.
        """
        raise NotImplementedError

    def remaining(self, points: Points, ts: int) -> float:
        """Return the amount at the time ``ts`` (ms) if no further reading arrives until then.

        The amount is the number that is compared with the limit. ``points`` are the readings that the rule keeps. The
        method exists only in conditions whose amount falls as time passes (``lapses``), such as a count within a
        window.
        """
        raise NotImplementedError  # each kind that lapses defines it; see Condition in hub/model/rule.py

    def lapse(self, points: Points) -> int | None:
        """Return when the condition, which holds now, ends if no further reading arrives, in epoch ms.

        Return None if only a reading can end it. ``points`` are the readings that the rule keeps.
        """
        return None

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        """Return the range of a metric in which no reading changes the state of a rule; None if there is no such range.

        ``rest`` describes the rule, which is at rest. The fast path does not evaluate the condition on readings in the
        range. If the condition ``follows``, it gets these readings later, many of them in one call of :meth:`follow`.
        """
        return self.bounds()

    def calm_until(self, rest: Rest) -> int | None:
        """Return the time until which the range of :meth:`calm` is valid; None if it does not end.

        The time is in ms by the device's clock. ``rest`` describes the rule and the latest values of the device.
        """
        return None

    def holding(self, value: float) -> Limit | None:
        """Return a range that contains ``value``, and in which every value meets the condition.

        The caller makes sure that ``value`` meets it. Return None if the condition also depends on earlier values.
        """
        return None

    def at_rest(self, points: Points) -> bool:
        """Return True if a rule without an open alert is at rest (see :class:`Rest`), as far as ``points`` shows.

        ``points`` is what the rule keeps, usually earlier readings.
        """
        return not points

    def follow(self, points: Points, readings: Points) -> Points:
        """Add readings that the fast path has skipped to ``points``, the readings that the rule keeps.

        Return those that must be evaluated after all. ``readings`` are in order of time, and within the calm range:
        none of them changed the state of the rule.
        """
        return []

    def signature(self) -> str:
        """Return a text that identifies what is measured, without the limit.

        Amounts with equal signatures can be compared. A checksum of the text is stored, so the text must not change
        between releases.
        """
        raise NotImplementedError

    def exceeded(self, amount: float, *, raised: bool) -> bool:
        """Return whether the condition holds for ``amount``, a result of :meth:`measure`.

        ``raised`` is True while the alert is open. A condition with hysteresis then uses the limit at which the alert
        clears.
        """
        return amount > self.limit

    @property
    def limits(self) -> tuple[float | None, ...]:
        """The limits of the condition. An alert shows the one that was exceeded as its threshold."""
        return (self.threshold,)

    def at(self, amount: float, severity: Severity | None) -> tuple[Severity | None, MetricCondition]:
        """Return the severity of an alert, and the condition with the limit of this severity.

        Args:
            amount: The result of :meth:`measure`, which is compared with the limits.
            severity: The severity of the open alert; None if there is no open alert. An open alert gets a lower
                severity only when ``amount`` is past the value at which the higher severity clears.

        Returns:
            The severity (None for the rule's own severity), and the condition with its limit.
        """
        return None, self

    def message(self, breach: Breach) -> str:
        text = self.describe(breach.metric, breach.unit)
        if breach.value is None:
            return text
        reading = _reading(breach.value, breach.unit, self.threshold)
        return f"{breach.metric} {reading}, {text.removeprefix(breach.metric + ' ')}"


class SilenceCondition(Condition, frozen=True):
    """A condition on the time since the last message of a device, or since the last value of one metric."""

    def silence(self, expected_interval: float) -> int:
        """Return the silence in ms that meets the condition.

        ``expected_interval`` is the usual time in ms between the device's readings, 0 if it is unknown.
        """
        raise NotImplementedError


def _reading(value: Value, unit: str | None, limit: float | None) -> str:
    """Return the reading that broke a limit as text, with enough digits to differ from the limit."""
    if isinstance(value, bool | str) or (limit is not None and fmt.number(value, unit) == fmt.number(limit, unit)):
        return fmt.exact_value(value, unit)
    return fmt.quantity(value, unit)
