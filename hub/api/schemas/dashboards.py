"""Objects of dashboards that the API returns. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Literal

from hub.api.schemas.api_object import ApiObject
from hub.model import SharedWith, TileKind, TileRange


class TileSeriesShape(ApiObject):
    """One metric of one device."""

    device_id: str
    metric: str
    axis: Literal["left", "right"]


class TileShape(ApiObject):
    """A tile. With `no_access`, it shows a device outside your limits, and only its kind and place are given."""

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
    """A dashboard in a list. `owner` is a name, null without accounts; `editable` says whether you may change it."""

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
