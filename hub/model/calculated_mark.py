"""The mark that says that a device's metric is calculated by the hub."""

from __future__ import annotations

import msgspec


class CalculatedMark(msgspec.Struct, frozen=True, omit_defaults=True):
    """Marks a metric of a device as calculated by the hub. ``id`` is the id of its definition."""

    id: str
    title: str
    unit: str | None = None
