"""What people asked to be told about: a rule is data, read from ``rules.toml``."""

from __future__ import annotations

import msgspec

from hub.model.alert import Severity
from hub.model.reading import Value


class Scope(msgspec.Struct, frozen=True):
    """Which devices a rule watches: any device that fits every list that is not empty.

    ``devices`` and ``models`` are shell patterns (``sensor_*``); a device fits ``labels`` with one of them.
    """

    devices: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class Threshold(msgspec.Struct, frozen=True, tag="threshold"):
    """Breached while the value is above ``above`` or below ``below``. Once raised it recovers only past
    ``clear`` (hysteresis; the limit itself where none is given)."""

    above: float | None = None
    below: float | None = None
    clear: float | None = None


class Equals(msgspec.Struct, frozen=True, tag="equals"):
    """Breached while the value is just this one: a door that is open, a mode that is "fault"."""

    value: Value


class RateOfChange(msgspec.Struct, frozen=True, tag="rate"):
    """Breached while the metric rises (or falls) by more than ``by`` within ``window_ms``."""

    by: float
    window_ms: int
    falling: bool = False


class NoData(msgspec.Struct, frozen=True, tag="no_data"):
    """Breached while a device has been silent for ``silence_ms``."""

    silence_ms: int


Condition = Threshold | Equals | RateOfChange | NoData


class Rule(msgspec.Struct, frozen=True):
    """One rule: when ``condition`` holds for ``for_ms`` on ``metric`` of a device in ``scope``, raise an alert.

    ``metric`` is None for no-data rules, which watch the whole device.
    """

    id: str
    name: str
    condition: Condition
    severity: Severity
    metric: str | None = None
    for_ms: int = 0
    scope: Scope = Scope()
