"""Calculated metrics as the API returns them. The hub computes their values from those of other metrics."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.rules import ScopeShape
from hub.model import CalculatedMetric


class CalculatedShape(ApiObject):
    """A calculated metric. If `device` is null, all devices of `scope` have it; otherwise, only `device` has it.

    `unit` is null if the unit is derived from the units of the inputs. Inputs older than `max_age_ms` are not used; 0
    means no limit.
    """

    id: str
    name: str
    metric: str
    expression: str
    unit: str | None
    device: str | None
    scope: ScopeShape
    every_ms: int
    max_age_ms: int


class CalculatedItem(CalculatedShape):
    """A calculated metric, and the number of devices that have it at present."""

    devices: int


class CalculatedList(ApiObject):
    items: list[CalculatedItem]


class CalculatedText(ApiObject):
    text: str
    revision: str


class CalculatedChecked(ApiObject):
    """The result of checking `calculated.toml`. If the file is invalid, `problem` says why, and `items` is empty."""

    items: list[CalculatedShape]
    problem: str | None


class CalculatedPreview(ApiObject):
    """A draft as a `[[calculated]]` table (`text`) and as a parsed metric.

    If the draft is invalid, `problem` says why, and `metric` is null. `devices` is the number of devices that would get
    the metric. `unit` is the unit that it would have on the first of these devices. `warnings` name the metrics,
    devices, areas and labels that a valid draft refers to and that do not exist.
    """

    text: str
    metric: CalculatedShape | None
    problem: str | None
    devices: int
    unit: str | None
    warnings: list[str]


class CalculatedSeries(ApiObject):
    """The calculated values of one device.

    `points` are pairs of time (epoch ms) and value. They are at most 500, thinned from `count` values.
    """

    device: str
    name: str
    unit: str | None
    count: int
    points: list[tuple[int, float]]


class CalculatedTrial(ApiObject):
    """The values that a draft of a calculated metric would have had in a past period.

    `devices` is the number of devices that would get the metric. `series` has the values of at most 10 of these
    devices. `step_ms` is the time between two calculations. `readings` is the number of readings that were used.
    """

    devices: int
    series: list[CalculatedSeries]
    readings: int
    step_ms: int


def shape(found: CalculatedMetric) -> CalculatedShape:
    return CalculatedShape.of(found, scope=ScopeShape.of(found.scope))


def item(found: CalculatedMetric, devices: int) -> CalculatedItem:
    return CalculatedItem.of(found, scope=ScopeShape.of(found.scope), devices=devices)
