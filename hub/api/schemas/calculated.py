"""Objects of calculated metrics that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.rules import ScopeShape
from hub.model import CalculatedMetric


class CalculatedShape(ApiObject):
    """A calculated metric. It is on the devices of `scope`, or only on `device`, if that is not null.

    `unit` is null if it is derived from the units of the inputs; `max_age_ms` is 0 for no limit.
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
    """A calculated metric, and the number of devices that have it now."""

    devices: int


class CalculatedList(ApiObject):
    items: list[CalculatedItem]


class CalculatedText(ApiObject):
    text: str
    revision: str


class CalculatedChecked(ApiObject):
    """Result of checking `calculated.toml`. If it is invalid, `problem` says why, and `items` is empty."""

    items: list[CalculatedShape]
    problem: str | None


class CalculatedPreview(ApiObject):
    """A draft as `[[calculated]]` table and as parsed metric. If it is invalid, `problem` says why, without `metric`.

    `devices` is the number of devices that would get it, `unit` its unit on the first of them.
    """

    text: str
    metric: CalculatedShape | None
    problem: str | None
    devices: int
    unit: str | None


class CalculatedSeries(ApiObject):
    """The values of one device: `count` of them, thinned to at most 500 `points` of time (epoch ms) and value."""

    device: str
    name: str
    unit: str | None
    count: int
    points: list[tuple[int, float]]


class CalculatedTrial(ApiObject):
    """What a draft would have calculated in a past period.

    `devices` would get the metric; `series` has at most 10 of them. `step_ms` is the time between two calculations,
    `readings` the number of readings that were used.
    """

    devices: int
    series: list[CalculatedSeries]
    readings: int
    step_ms: int


def shape(found: CalculatedMetric) -> CalculatedShape:
    return CalculatedShape.of(found, scope=ScopeShape.of(found.scope))


def item(found: CalculatedMetric, devices: int) -> CalculatedItem:
    return CalculatedItem.of(found, scope=ScopeShape.of(found.scope), devices=devices)
