"""Request bodies for areas."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hub.api.schemas.requests import Incoming, Text

AreaId = Annotated[str, Field(min_length=1, max_length=64)]


class AreaWanted(Incoming):
    """A new area. With `adopt`, all devices without an area that announce the new area's name are assigned to it."""

    name: Text
    parent: AreaId | None = None
    adopt: bool = False


class AreaEdit(Incoming):
    """An edit of an area. Absent keys stay unchanged. If `parent` is null, the area moves to the top level.

    `order` is the position among the areas with the same parent, from 0. Without `order`, a moved area becomes the
    last.
    """

    name: Text | None = None
    parent: AreaId | None = None
    order: Annotated[int, Field(ge=0, le=1_000)] | None = None
