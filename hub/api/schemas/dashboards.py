"""Dashboards and their tiles, as the API returns them. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import SharedWith, TileKind, TileRange


class TileSeriesShape(ApiObject):
    """One metric of one device, as a line of a chart or the value of a gauge."""

    device_id: str
    metric: str
    axis: Literal["left", "right"]


class TileShape(ApiObject):
    """A tile. If it shows a device that you may not see, `no_access` is true, and only kind and position are given."""

    id: str
    kind: TileKind
    x: int
    y: int
    w: int
    h: int
    title: str
    series: list[TileSeriesShape]
    device_id: str | None
    command: str | None
    text: str
    range: TileRange
    minimum: float | None
    maximum: float | None
    no_access: bool


class DashboardItem(ApiObject):
    """A dashboard in a list. `owner` is the owner's name, null in a hub without accounts.

    `editable` is true if you may change the dashboard.
    """

    id: str
    name: str
    owner: str | None
    mine: bool
    editable: bool
    shared: SharedWith | None
    version: int
    updated_at: int
    tile_count: int


class DashboardShape(DashboardItem):
    tiles: list[TileShape]


class DashboardList(ApiObject):
    items: list[DashboardItem]
