"""Metrics that the hub calculates, as data read from ``calculated.toml``."""

from __future__ import annotations

import msgspec

from hub.model.rule import Scope


class CalculatedMetric(msgspec.Struct, frozen=True):
    """Definition of a calculated metric.

    It is calculated on each device of ``scope`` that has the metrics that its expression reads, or once, on
    ``device``, which is created if it does not exist.

    Attributes:
        id: Its name in the file.
        name: Its title on the dashboard.
        metric: The metric that is written.
        expression: The expression as text.
        unit: The unit; None to derive it from those of the inputs.
        device: The id of the only device that gets the metric.
        scope: The devices that get the metric.
        every_ms: How often it is calculated.
        max_age_ms: An older input counts as missing; 0 for no limit beside the presence of its device.
    """

    id: str
    name: str
    metric: str
    expression: str
    unit: str | None = None
    device: str | None = None
    scope: Scope = Scope()
    every_ms: int = 10_000
    max_age_ms: int = 0


class ReplaceCalculated(msgspec.Struct, frozen=True):
    """A person saved other calculated metrics."""

    metrics: tuple[CalculatedMetric, ...]
    at: int


class CalculateNext(msgspec.Struct, frozen=True):
    """Calculate metrics of some more devices."""

    at: int
