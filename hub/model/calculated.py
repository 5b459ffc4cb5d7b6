"""Definitions of metrics that the hub calculates, as data read from ``calculated.toml``."""

from __future__ import annotations

import msgspec

from hub.model.rule import Scope


class CalculatedMetric(msgspec.Struct, frozen=True):
    """Definition of a calculated metric.

    The metric is calculated on each device of ``scope`` that has the metrics in the expression. If ``device`` is set,
    it is calculated once, on that device, which is created if it does not exist.

    Attributes:
        id: The definition's name in the file.
        name: The metric's title on the dashboard.
        metric: The name of the metric.
        expression: The expression as text.
        unit: The unit; None to derive it from the units of the inputs.
        device: The id of the only device that gets the metric; None for the devices in ``scope``.
        scope: The devices that get the metric.
        every_ms: How often it is calculated.
        max_age_ms: An input that is older counts as missing; 0 for no limit. Inputs of devices that are not online are
            always missing.
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
    """Request to replace all calculated metrics by ``metrics``, because a person has changed some of them."""

    metrics: tuple[CalculatedMetric, ...]
    at: int


class CalculateNext(msgspec.Struct, frozen=True):
    """Request to continue a round of calculations with the next few devices.

    A round calculates the metrics that are due on all of their devices, in small steps.
    """

    at: int
