"""A rule: when to raise an alert, as data read from ``rules.toml``."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from hub.model.alert import Severity
from hub.model.device import Limit
from hub.model.reading import Value
from hub.model.weekly_window import WeeklyWindow


class Scope(msgspec.Struct, frozen=True):
    """Devices that a rule watches. A device must match every list that is not empty.

    ``devices``, ``models`` and ``via`` are shell patterns (``sensor_*``). A device matches ``labels`` if it has one of
    them, ``areas`` if a person has assigned it to one of them or to an area inside it (by name or id), and ``via`` if
    it is connected through one of these gateways, also through another gateway.
    """

    devices: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    via: tuple[str, ...] = ()


class Breach(msgspec.Struct, frozen=True):
    """The facts for the text of an alert: the state of the metric or device when the condition was met.

    Attributes:
        metric: the name of the metric; empty if the alert is about the whole device.
        value: the value that met the condition; None if the alert is not about a value.
        unit: the unit of the value.
        device_class: the device class of the metric, such as ``temperature``.
        silent_ms: how long the device or the metric was silent.
    """

    metric: str
    value: Value | None
    unit: str | None
    device_class: str | None
    silent_ms: int


class Condition(msgspec.Struct, frozen=True):
    """Condition of a rule. Each kind of rule is one subclass, in a file of its own in :mod:`hub.rules.kinds`.

    The fields of a subclass are the ``condition`` object of the API. A msgspec struct cannot be an abstract base class,
    so a method that each kind has to define raises NotImplementedError here.
    """

    kind: ClassVar[str]
    """The value of ``kind`` in ``rules.toml`` and in the API."""
    keys: ClassVar[frozenset[str]]
    """The keys that this kind has in ``rules.toml``, in addition to the keys that every rule has."""
    metric_optional: ClassVar[bool] = False
    """Whether a rule without ``metric`` watches the whole device."""
    hints: ClassVar[dict[str, str]] = {}
    """For the error message about a key that this kind does not have: what to write instead."""

    @classmethod
    def parse(cls, table: dict[str, Any]) -> Condition:
        """Return the condition of a ``[[rule]]`` table. Raises InvalidField for a value that is not allowed."""
        raise NotImplementedError

    def describe(self, metric: str, unit: str | None) -> str:
        """Return the condition as text: ``temperature above 80 °C``."""
        raise NotImplementedError

    def describe_recovery(self) -> str:
        """Return as text when an alert clears, such as ``clears below 78``; empty if it clears with the condition."""
        return ""

    def describe_steps(self) -> str:
        """Return the limits of the condition's other severities as text, such as ``; critical above 90``.

        The text is appended to the description of the condition. It is empty if there are no other severities.
        """
        return ""

    def message(self, breach: Breach) -> str:
        """Return what an alert says: ``temperature 89.2 °C, above 80 °C``."""
        raise NotImplementedError

    def bounds(self) -> Limit | None:
        """Return a range of values in which the condition is never met; None if there is no such range.

        Charts show the ends of the range as limits. The fast path does not evaluate the rule on readings within it.
        """
        return None

    @property
    def threshold(self) -> float | None:
        """The number that an alert shows as its threshold."""
        return None


class Rule(msgspec.Struct, frozen=True):
    """One rule: when ``condition`` holds for ``for_ms`` on ``metric`` of a device in ``scope``, raise an alert.

    The alert clears when the condition has been over for ``clear_for_ms`` without a break.

    ``metric`` is a name or a pattern (``temp*``), or ``quantity`` is what the metrics measure (``temperature``). Both
    are None for rules that watch the whole device. If ``schedule`` has windows, nothing is evaluated outside of the
    windows, and open alerts are withdrawn at the end of each window.
    """

    id: str
    name: str
    condition: Condition
    severity: Severity
    metric: str | None = None
    quantity: str | None = None
    for_ms: int = 0
    clear_for_ms: int = 0
    scope: Scope = Scope()
    schedule: tuple[WeeklyWindow, ...] = ()

    @property
    def whole_device(self) -> bool:
        """Whether the rule watches the whole device rather than metrics of it."""
        return self.metric is None and self.quantity is None

    @property
    def subject(self) -> str:
        """The metric, pattern or quantity as it appears in a description of the rule; empty for the whole device."""
        return self.metric or (self.quantity or "").replace("_", " ")
