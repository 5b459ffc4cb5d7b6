"""Request bodies of dashboards."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hub import model
from hub.api.schemas.requests import ONE_LINE, Incoming, Text
from hub.services.dashboards import MAX_TILES

TileId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256, pattern=ONE_LINE)]
End = Annotated[float, Field(allow_inf_nan=False)]


class TileSeriesWanted(Incoming):
    """One metric of one device, as a line of a chart or the value of a gauge."""

    device_id: Name
    metric: Name
    axis: Literal["left", "right"] = "left"


class TileWanted(Incoming):
    """A tile: its position on the grid (columns 0 to 11, rows from 0), and what it shows, which depends on its kind.

    - `value`, `gauge`: one entry in `series`
    - `chart`, `states`: 1 to 8 entries in `series`
    - `device`: `device_id`
    - `control`: `device_id` and `command`
    - `alerts`: may have a `device_id`
    - `text`: `text` in Markdown

    With `no_access`, the tile keeps the content that the stored tile with this id has. So you can move a tile that
    shows devices which you may not see.
    """

    id: TileId
    kind: model.TileKind
    x: Annotated[int, Field(ge=0, lt=model.COLUMNS)]
    y: Annotated[int, Field(ge=0, le=10_000)]
    w: Annotated[int, Field(ge=1, le=model.COLUMNS)]
    h: Annotated[int, Field(ge=1, le=100)]
    title: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=ONE_LINE)] = ""
    series: Annotated[tuple[TileSeriesWanted, ...], Field(max_length=8, fail_fast=True)] = ()
    device_id: Name | None = None
    command: Name | None = None
    text: Annotated[str, StringConstraints(max_length=4_000)] = ""
    range: model.TileRange = "1h"
    minimum: End | None = None
    maximum: End | None = None
    no_access: bool = False

    def tile(self) -> model.Tile:
        """Return the tile as the class :class:`hub.model.Tile`, without `no_access`."""
        series = tuple(model.TileSeries(each.device_id, each.metric, each.axis) for each in self.series)
        rest = self.model_dump(exclude={"series", "no_access"})
        return model.Tile(**rest, series=series)


class DashboardWanted(Incoming):
    """A dashboard. `shared` is the lowest role that may see it; null means that only the owner may see it."""

    name: Text
    shared: model.SharedWith | None = None
    tiles: Annotated[tuple[TileWanted, ...], Field(max_length=MAX_TILES, fail_fast=True)] = ()

    def wanted_tiles(self) -> tuple[model.Tile, ...]:
        """Return the tiles as objects of :class:`hub.model.Tile`."""
        return tuple(each.tile() for each in self.tiles)


class DashboardEdit(DashboardWanted):
    """A changed dashboard. `version` is the version of the dashboard that the edit started from."""

    version: Annotated[int, Field(ge=1)]

    def kept(self) -> frozenset[str]:
        """Return the ids of the tiles with `no_access`. The stored content of these tiles stays unchanged."""
        return frozenset(each.id for each in self.tiles if each.no_access)
