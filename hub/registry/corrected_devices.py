"""Devices whose kind of machine, or the meaning of whose metrics, a person has corrected. Pure."""

from __future__ import annotations

from hub.model import Device


class CorrectedDevices:
    """Index of the devices with a correction, so that finding those of one model needs no search of all devices."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}  # by id

    def note(self, device: Device) -> None:
        """Add or remove a device that was edited or restored."""
        if device.corrects_semantics:
            self._devices[device.id] = device
        else:
            self.forget(device.id)

    def forget(self, device_id: str) -> None:
        """Remove a device that was deleted."""
        self._devices.pop(device_id, None)

    def of_model(self, device: Device) -> list[Device]:
        """Return the other corrected devices of the same manufacturer and model; none if the device has no model."""
        model = device.info.model
        if not model:
            return []
        maker = device.info.manufacturer
        return [
            other
            for other in self._devices.values()
            if other.id != device.id and other.info.model == model and other.info.manufacturer == maker
        ]
