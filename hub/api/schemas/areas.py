"""Objects of areas that the API returns."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject


class AreaShape(ApiObject):
    """An area. `order` is its position among the areas with the same `parent`.

    `devices` is the number of devices in the area itself, without the areas inside it.
    """

    id: str
    name: str
    parent: str | None
    order: int
    devices: int


class SuggestedArea(ApiObject):
    """An area that could be created: devices announce its name, and no area has been assigned to them.

    `devices` is the number of these devices.
    """

    name: str
    devices: int


class AreaList(ApiObject):
    """All areas in the order of the tree, each followed by the areas inside it. `suggestions` are areas to create."""

    items: list[AreaShape]
    suggestions: list[SuggestedArea]
