"""The mark of a metric of a device that the hub calculates."""

from __future__ import annotations

import msgspec


class CalculatedMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Marks a metric of a device as calculated. ``id`` is the definition that calculates it."""

    id: str
    title: str
    unit: str | None = None
