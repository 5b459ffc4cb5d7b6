"""A dashboard: tiles on a grid, made by a person for themselves or for others."""

from __future__ import annotations

from typing import Literal

import msgspec

TileKind = Literal["value", "chart", "gauge", "states", "map", "alerts", "text", "control", "device"]
SharedWith = Literal["viewer", "operator", "administrator"]
TileRange = Literal["15m", "1h", "24h", "7d"]
COLUMNS = 12
"""The number of columns of the grid. The number of rows depends on the tiles."""


class TileSeries(msgspec.Struct, frozen=True, omit_defaults=True):
    """One metric of one device on a tile, drawn on the left or the right axis of a chart."""

    device_id: str
    metric: str
    axis: Literal["left", "right"] = "left"


class Tile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A tile: its place on the grid, and what it shows. Fields that do not apply to its kind keep their defaults.

    Attributes:
        id: Unique on its dashboard.
        x, y, w, h: Left column, top row, width and height, in columns and rows.
        title: The title; if empty, one is derived from the content.
        series: The metrics on a value tile, a gauge, a chart or a timeline of states.
        device_id: The device of a control, a device card or a list of alerts. None in a list of alerts: all devices.
        command: The name of the command that a control sends.
        text: Markdown.
        range: How far back a chart or a timeline reaches.
        minimum, maximum: The ends of a gauge.
    """

    id: str
    kind: TileKind
    x: int
    y: int
    w: int
    h: int
    title: str = ""
    series: tuple[TileSeries, ...] = ()
    device_id: str | None = None
    command: str | None = None
    text: str = ""
    range: TileRange = "1h"
    minimum: float | None = None
    maximum: float | None = None

    @property
    def devices(self) -> frozenset[str]:
        """The ids of the devices that the tile shows."""
        return frozenset((*(each.device_id for each in self.series), *((self.device_id,) if self.device_id else ())))


class Dashboard(msgspec.Struct, frozen=True):
    """A dashboard of a person.

    Attributes:
        owner: Id of the account that made it. None if the hub had no accounts: then the dashboard belongs to everybody.
        shared: The lowest role that may see it beside the owner; None if no other person may.
        version: 1 at first, increased by one with each change.
        updated_at: Time of the last change, in epoch ms.
    """

    id: str
    name: str
    owner: str | None
    shared: SharedWith | None
    version: int
    updated_at: int
    tiles: tuple[Tile, ...] = ()
