"""Which trees of conditions read values of other devices, and which have to be evaluated because such a value changed.

A reading is evaluated by the rules on its device. A tree on another device that reads it, too, is evaluated in the next
tick, and only if the new value can change what its condition says: a temperature of a weather station that ten thousand
devices read changes often, but seldom passes their limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from hub.model import PublishedValue, Rule, Value
from hub.rules.kinds import Joined, MetricCondition, Part, ValueSource

MAX_EVALUATED = 500
"""Trees that are evaluated in one tick; the others follow in the next ones."""

Reader = tuple[str, str]
"""A device and the key of its watch."""
Source = tuple[str, str]
"""A device and one of its metrics."""


def sources_of(rule: Rule) -> tuple[ValueSource, ...]:
    """Return the values of other devices that a rule reads."""
    if isinstance(rule.condition, Joined):
        return rule.condition.sources
    source = rule.condition.source if isinstance(rule.condition, MetricCondition) else None
    return () if source is None else (source,)


class SourceReaders:
    """The trees that read other devices, by what they read."""

    def __init__(self) -> None:
        self._parts: dict[Source, list[Part]] = {}
        self.clear()

    def clear(self) -> None:
        self._readers: dict[Source, set[Reader]] = {}
        self._waiting: dict[Reader, None] = {}  # to be evaluated, in order

    def want(self, rules: Iterable[Rule]) -> None:
        """Follow the values that these rules read; :meth:`add` adds the devices."""
        self.clear()
        self._parts = {}
        for rule in rules:
            for part in rule.condition.leaves if isinstance(rule.condition, Joined) else ():
                if part.device is not None:
                    self._parts.setdefault((part.device, part.metric), []).append(part)

    def add(self, device_id: str, key: str, sources: Iterable[ValueSource]) -> None:
        """Add a device with a tree that reads other devices."""
        for source in sources:
            if source.device is not None:
                self._readers.setdefault((source.device, source.metric), set()).add((device_id, key))

    def note_change(self, before: PublishedValue | None, value: PublishedValue | None) -> None:
        """Mark the trees that read a value for evaluation, if its new value can change one of their conditions."""
        known = value or before
        if known is None or (parts := self._parts.get(source := (known.device, known.metric))) is None:
            return
        if any(_differs(part, before, value) for part in parts):
            self._waiting |= dict.fromkeys(self._readers.get(source, ()))

    @property
    def waiting(self) -> bool:
        """Whether trees have to be evaluated."""
        return bool(self._waiting)

    def take(self) -> list[Reader]:
        """Return the trees to evaluate now, and remove them."""
        found = list(self._waiting)[:MAX_EVALUATED]
        for each in found:
            del self._waiting[each]
        return found


def _differs(part: Part, before: PublishedValue | None, value: PublishedValue | None) -> bool:
    if before is None or value is None or value.at - before.at > part.max_age_ms:
        return True
    return before.value != value.value and _states(part, before.value) != _states(part, value.value)


def _states(part: Part, value: Value) -> tuple[bool, bool] | None:
    """Return whether a value meets the condition if it did not hold before, and if it did (hysteresis).

    Return None if the condition does not apply to the value.
    """
    condition = cast(MetricCondition, part.condition)
    amount = condition.measure([], value, 0)
    if amount is None:
        return None
    return condition.exceeded(amount, raised=False), condition.exceeded(amount, raised=True)
