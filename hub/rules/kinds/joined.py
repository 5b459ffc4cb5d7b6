"""``kind = "all"``, ``"any"`` and ``"not"``: conditions on a device and on metrics of other devices, joined as a tree.

:mod:`hub.rules.trees` evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from hub import text_format as fmt
from hub.model import Breach, Condition, Latest, Limit, Value
from hub.rules.kinds.base import MAX_AGE_MS, MetricCondition, Points, Rest, SilenceCondition, ValueSource
from hub.rules.truth import Truth, all_of, any_of, none_of


class Part(msgspec.Struct, frozen=True):
    """One of the conditions that a rule joins. It counts as met once it has held for ``for_ms``.

    Attributes:
        metric: The metric that the part reads, on ``device`` or on the rule's own device. It is empty if the part has a
            ``quantity``, or is about the silence of the whole device. For a part that joins others, it is the metric of
            the first of them.
        quantity: The part reads the device's metrics of this quantity, whatever their names are; None if ``metric``
            names the metric.
        device: The id of another device whose metric the part reads; None for the rule's own device.
    """

    kind: str
    metric: str
    condition: Condition
    for_ms: int = 0
    quantity: str | None = None
    device: str | None = None
    max_age_ms: int = MAX_AGE_MS

    @property
    def joins(self) -> bool:
        return isinstance(self.condition, Joined)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics of the rule's own device that the part reads."""
        if not isinstance(self.condition, MetricCondition):
            return (self.metric,) if self.metric or self.quantity else ()
        return self.condition.others if self.device else (self.metric, *self.condition.others)

    @property
    def source(self) -> ValueSource | None:
        """The value of another device, or of an area's devices, that the part reads; None if it reads none."""
        if self.device is not None:
            return ValueSource(self.metric, self.device, self.max_age_ms)
        return self.condition.source if isinstance(self.condition, MetricCondition) else None

    @property
    def remembers(self) -> bool:
        """Whether the part depends on earlier values, and not only on the latest one."""
        condition = self.condition
        if not isinstance(condition, MetricCondition):
            return False
        return condition.windowed or condition.lasting or bool(self.for_ms) or bool(condition.describe_recovery())

    def describe(self) -> str:
        """Return the condition of this part as text, such as ``t above 80, clears below 78 for 5 min``.

        If the part itself joins several conditions, the text is in parentheses, unless it begins with ``not``.
        """
        name = self.metric or (self.quantity or "").replace("_", " ")
        text = self.condition.describe(f"{name} (device {self.device})" if self.device else name, None)
        if self.joins:
            return text if text.startswith("not ") else f"({text})"
        recovery = self.condition.describe_recovery()
        text += f" for {fmt.duration(self.for_ms)}" if self.for_ms else ""
        return f"{text} ({recovery})" if recovery else text


class Joined(MetricCondition, frozen=True):
    """A condition that joins others: all, any or none of them have to hold.

    Its amount, the number that is compared with the limit, is 1 while it holds and 0 while it does not.
    """

    keys: ClassVar[frozenset[str]] = frozenset({"conditions", "for", "clear_for"})
    hints: ClassVar[dict[str, str]] = {"metric": "nothing: each of the conditions has its own metric"}
    derived: ClassVar[bool] = True
    word: ClassVar[str] = ""

    conditions: tuple[Part, ...]

    @classmethod
    def truth(cls, values: Sequence[Truth]) -> Truth:
        """Return whether the joined condition holds: True, False, or None if that is unknown.

        ``values`` says for each of its parts whether the part holds, in the same way.
        """
        raise NotImplementedError  # each kind defines it: a msgspec struct cannot be an abstract base class

    @property
    def leaves(self) -> Iterator[Part]:
        """All parts, at any depth, that do not join other parts, in the order of the rule."""
        for part in self.conditions:
            if isinstance(part.condition, Joined):
                yield from part.condition.leaves
            else:
                yield part

    @property
    def others(self) -> tuple[str, ...]:
        """The metrics of the rule's own device that the tree reads."""
        return tuple(dict.fromkeys(name for leaf in self.leaves for name in leaf.metrics))

    @property
    def learns(self) -> bool:
        return any(isinstance(leaf.condition, MetricCondition) and leaf.condition.learns for leaf in self.leaves)

    @property
    def subject(self) -> Part | None:
        """The part whose metric an alert shows: the first part on a metric of the rule's own device.

        It is None if there is no such part.
        """
        return next((leaf for leaf in self.leaves if leaf.device is None and (leaf.metric or leaf.quantity)), None)

    @property
    def hears(self) -> bool:
        """Whether any of the joined conditions is about the silence of the device, or of one of its metrics."""
        return any(isinstance(leaf.condition, SilenceCondition) for leaf in self.leaves)

    @property
    def sources(self) -> tuple[ValueSource, ...]:
        """The values of other devices that the tree reads."""
        return tuple(source for leaf in self.leaves if (source := leaf.source) is not None)

    @property
    def limit(self) -> float:
        return 0.5

    def measure(self, points: Points, value: Value, ts: int) -> float | None:
        return None

    def signature(self) -> str:
        return f"{self.kind} {msgspec.json.encode(self.conditions).decode()}"

    def describe(self, metric: str, unit: str | None) -> str:
        return f" {self.word} ".join(part.describe() for part in self.conditions)

    def message(self, breach: Breach) -> str:
        return self.describe(breach.metric, breach.unit)

    @property
    def negates(self) -> bool:
        """Whether the condition contains a ``not``.

        Such a condition can hold because one of its parts does not.
        """
        return any(part.condition.negates for part in self.conditions if isinstance(part.condition, Joined))

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        if self.negates and any(leaf.remembers for leaf in self.leaves):
            return None
        # Silence that was long enough, and values of other devices, are evaluated when they change: see trees.py.
        find = _steady if self.negates else _calm
        limits = [find(leaf, metric, rest) for leaf in self.leaves if metric in leaf.metrics and not _hears(leaf)]
        found = [limit for limit in limits if limit is not None]
        return _narrowest(found) if len(found) == len(limits) else None


class All(Joined, frozen=True):
    """Holds while all parts hold."""

    kind: ClassVar[str] = "all"
    word: ClassVar[str] = "and"

    @classmethod
    def truth(cls, values: Sequence[Truth]) -> Truth:
        return all_of(values)

    def calm(self, metric: str, rest: Rest) -> Limit | None:
        # The condition is false while one part is false. If no part depends on earlier values, the range of one part is
        # enough. A part that is false now is preferred.
        if not any(leaf.remembers for leaf in self.leaves):
            singles = [part for part in self.conditions if part.metrics == (part.metric,) and not _hears(part)]
            parts = [(part.metric, _calm(part, part.metric, rest)) for part in singles if part.metric in rest.metrics]
            found = [(name, limit) for name, limit in parts if limit is not None]
            if found:
                name, limit = next((each for each in found if _is_within(each[1], rest.latest.get(each[0]))), found[0])
                return limit if name == metric else Limit()
        return super().calm(metric, rest)


class Any(Joined, frozen=True):
    """Holds while at least one of the joined conditions holds."""

    kind: ClassVar[str] = "any"
    word: ClassVar[str] = "or"

    @classmethod
    def truth(cls, values: Sequence[Truth]) -> Truth:
        return any_of(values)


class Not(Joined, frozen=True):
    """Holds while its only part does not hold."""

    kind: ClassVar[str] = "not"

    @classmethod
    def truth(cls, values: Sequence[Truth]) -> Truth:
        return none_of(values)

    def describe(self, metric: str, unit: str | None) -> str:
        text = self.conditions[0].describe()
        return f"not {text}" if text.startswith("(") else f"not ({text})"

    @property
    def negates(self) -> bool:
        return True


def _hears(part: Part) -> bool:
    return isinstance(part.condition, SilenceCondition)


def _calm(part: Part, metric: str, rest: Rest) -> Limit | None:
    """Return a range of values of ``metric`` in which the condition ``part`` certainly does not hold.

    ``rest`` describes the rule (see :class:`Rest`). Return None if there is no such range.
    """
    condition = part.condition
    if not isinstance(condition, MetricCondition) or isinstance(condition, Joined):
        return None
    if condition.follows:
        return None
    return condition.calm(metric, rest._replace(metric=part.metric, points=[]))


def _steady(part: Part, metric: str, rest: Rest) -> Limit | None:
    """Return a range of ``metric`` within which the result of the condition ``part`` does not change.

    The range contains the latest value of the metric. If this value meets the condition, so do all values in the range;
    otherwise none of them does. Return None if the condition also depends on other values, or no range is known.
    ``rest`` has the latest values.
    """
    condition, now = part.condition, rest.number(metric)
    if now is None or not isinstance(condition, MetricCondition) or condition.others or condition.source:
        return None
    amount = condition.measure([], now, 0)
    holds = amount is not None and condition.exceeded(amount, raised=False)
    return condition.holding(now) if holds else _calm(part, metric, rest)


def _is_within(limit: Limit, latest: Latest | None) -> bool:
    if latest is None or isinstance(latest.value, str):
        return False
    return (limit.min is None or latest.value >= limit.min) and (limit.max is None or latest.value <= limit.max)


def _narrowest(limits: Sequence[Limit]) -> Limit:
    return Limit(
        min=max((limit.min for limit in limits if limit.min is not None), default=None),
        max=min((limit.max for limit in limits if limit.max is not None), default=None),
    )
