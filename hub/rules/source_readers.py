"""Track which trees of conditions read values of other devices, and which of them must be evaluated after a change.

The rules on a device are evaluated at once on each of its readings. A tree on another device that reads the value, too,
is evaluated in the next tick, and only if the new value can change whether a condition holds. Example: ten thousand
devices compare with the temperature of a weather station, which changes often, but seldom passes their limits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from hub.model import PublishedValue, Rule, Value
from hub.rules.kinds import Joined, MetricCondition, Part, ValueSource

MAX_EVALUATED = 500
"""Maximum trees that are evaluated in one tick. The other trees follow in the next ticks."""

Reader = tuple[str, str]
"""A tree on a device: id of the device, and key of the tree's watch."""
Source = tuple[str, str]
"""A value of a device: id of the device, and name of the metric."""


def sources_of(rule: Rule) -> tuple[ValueSource, ...]:
    """Return the values of other devices that a rule reads."""
    if isinstance(rule.condition, Joined):
        return rule.condition.sources
    source = rule.condition.source if isinstance(rule.condition, MetricCondition) else None
    return () if source is None else (source,)


class SourceReaders:
    """Records which rules of joined conditions read a value of another device, to evaluate them when it changes."""

    def __init__(self) -> None:
        self._parts: dict[Source, list[Part]] = {}
        self.clear()

    def clear(self) -> None:
        self._readers: dict[Source, set[Reader]] = {}
        self._waiting: dict[Reader, None] = {}  # to be evaluated, in order

    def want(self, rules: Iterable[Rule]) -> None:
        """Use ``rules`` from now on: their joined conditions determine which values of other devices are followed.

        Afterwards, :meth:`add` has to be called for each device with such a rule.
        """
        self.clear()
        self._parts = {}
        for rule in rules:
            for part in rule.condition.leaves if isinstance(rule.condition, Joined) else ():
                if part.device is not None:
                    self._parts.setdefault((part.device, part.metric), []).append(part)

    def add(self, device_id: str, key: str, sources: Iterable[ValueSource]) -> None:
        """Note which values of other devices a rule of joined conditions reads.

        Args:
            device_id: The id of the device that the rule watches.
            key: The key under which this device keeps the rule's state (its watch).
            sources: The values that the rule reads from other devices.
        """
        for source in sources:
            if source.device is not None:
                self._readers.setdefault((source.device, source.metric), set()).add((device_id, key))

    def note_change(self, before: PublishedValue | None, value: PublishedValue | None) -> None:
        """Queue those rules on other devices that a new value of this device affects, for the next tick.

        A rule is affected if it joins conditions and the value changes the result of one of them. ``before`` is the
        earlier value, None if there was none. ``value`` is the new one, None if it has become unknown.
        """
        known = value or before
        if known is None or (parts := self._parts.get(source := (known.device, known.metric))) is None:
            return
        if any(_differs(part, before, value) for part in parts):
            self._waiting |= dict.fromkeys(self._readers.get(source, ()))

    @property
    def waiting(self) -> bool:
        """Whether trees have to be evaluated, because a value of another device that they read has changed."""
        return bool(self._waiting)

    def take(self) -> list[Reader]:
        """Return joined conditions to evaluate now, because a value that they read from another device has changed.

        Each entry is a device id, and the key of the rule's state (watch) on this device. At most :data:`MAX_EVALUATED`
        entries are returned. They are removed from the queue.
        """
        found = list(self._waiting)[:MAX_EVALUATED]
        for each in found:
            del self._waiting[each]
        return found


def _differs(part: Part, before: PublishedValue | None, value: PublishedValue | None) -> bool:
    if before is None or value is None or value.at - before.at > part.max_age_ms:
        return True
    return before.value != value.value and _states(part, before.value) != _states(part, value.value)


def _states(part: Part, value: Value) -> tuple[bool, bool] | None:
    """Return whether the value meets the condition ``part``, first without and then with hysteresis.

    With hysteresis, the condition is taken to hold already, and ends only when the value has passed the clear value.
    Return None if the condition does not apply to the value, such as a text where a number is expected.
    """
    condition = cast(MetricCondition, part.condition)
    amount = condition.measure([], value, 0)
    if amount is None:
        return None
    return condition.exceeded(amount, raised=False), condition.exceeded(amount, raised=True)
