"""Devices for which a person has corrected the kind of machine or the meaning of a metric. Pure."""

from __future__ import annotations

from hub.model import Device


class CorrectedDevices:
    """Index of the corrected devices: a person has set what one of their metrics measures, or their kinds of machine.

    With the index, the corrected devices of one model are found without a search through all devices.
    """

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}  # by id

    def note(self, device: Device) -> None:
        """Add a device that was edited or restored. Remove it instead if a person has corrected nothing on it."""
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
