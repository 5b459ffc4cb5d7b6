"""Interface for reading the registry on behalf of people. :mod:`hub.services.visible` limits it to people's scopes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from hub.model import Device
from hub.registry.corrected_devices import CorrectedDevices


class DeviceReader(Protocol):
    """Reads devices, as :class:`hub.registry.registry.DeviceRegistry` does."""

    @property
    def corrected(self) -> CorrectedDevices:
        """The devices that a person has corrected, with a way to find those of one model."""
        ...

    def known(self, device_id: str) -> bool:
        """Return whether the device exists."""
        ...

    def get(self, device_id: str) -> Device | None:
        """Return a device, up to date, or None."""
        ...

    def require(self, device_id: str) -> Device:
        """Return a device, up to date. Raises NotFound."""
        ...

    def devices(self) -> Iterable[Device]:
        """Return all devices. Their values may be out of date."""
        ...

    def with_latest_values(self) -> Iterable[Device]:
        """Return all devices, after writing into them the latest values that the fast path has in its columns."""
        ...
