"""An area: a place to which people assign devices, such as a hall, a floor or a room."""

from __future__ import annotations

import msgspec


class Area(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node in the tree of areas. ``order`` is its position among the areas with the same ``parent``, from 0.

    Devices, rights and requests refer to the ``id``, which never changes and is never reused.
    """

    id: str
    name: str
    parent: str | None = None
    order: int = 0
