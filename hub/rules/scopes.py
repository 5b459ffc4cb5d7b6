"""Which devices a rule's scope selects: by id, model, label, area and gateway."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from hub.model import Device, Scope

Likeness = tuple[str | None, tuple[str, ...], str | None, str | None]
"""Model, labels, area and gateway of a device: all properties that scopes depend on, except the id."""


def likeness(device: Device) -> Likeness:
    return device.info.model, device.display_labels, device.area_id, device.info.via


class ScopeMatcher:
    """Matches scopes with devices.

    ``areas`` maps the id of each area to the ids and names of this area and of all areas that contain it. ``gateways``
    takes the id of a gateway. It returns this id and the ids of all gateways that it is connected through.
    """

    def __init__(self, areas: Mapping[str, Collection[str]], gateways: Callable[[str], Collection[str]]) -> None:
        self.areas = areas
        self._gateways = gateways

    def selects(self, scope: Scope, device: Device) -> bool:
        return names(scope, device.id) and self.selects_alike(scope, likeness(device))

    def selects_alike(self, scope: Scope, alike: Likeness) -> bool:
        """Return True if the scope selects devices with this model, these labels, this area and this gateway.

        ``alike`` has the four properties. The device ids in the scope are ignored.
        """
        model, labels, area, gateway = alike
        if scope.models and not _fits(scope.models, model or ""):
            return False
        if scope.labels and not any(label in scope.labels for label in labels):
            return False
        if scope.areas and not any(name in scope.areas for name in self.areas.get(area or "", ())):
            return False
        return not scope.via or any(_fits(scope.via, each) for each in (self._gateways(gateway) if gateway else ()))


def names(scope: Scope, device_id: str) -> bool:
    """Return True if the scope names no device ids, or one of its patterns matches this id."""
    return not scope.devices or _fits(scope.devices, device_id)


def _fits(patterns: tuple[str, ...], text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
