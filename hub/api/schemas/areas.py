"""Objects of areas that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class AreaShape(ApiObject):
    """An area. `order` is its place among those with the same `parent`; `devices` counts its own."""

    id: str
    name: str
    parent: str | None
    order: int
    devices: int


class SuggestedArea(ApiObject):
    """An area that devices without an area announce."""

    name: str
    devices: int


class AreaList(ApiObject):
    """`items` are in the order of the tree: each area is followed by those inside it."""

    items: list[AreaShape]
    suggestions: list[SuggestedArea]
