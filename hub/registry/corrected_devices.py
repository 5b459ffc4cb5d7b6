"""An index of the devices for which a person has corrected the kind of machine or the meaning of a metric. Pure."""

from __future__ import annotations

from hub.model import Device


class CorrectedDevices:
    """Index of the devices that a person has corrected: what a metric measures, or what kinds of machine the device is.

    With the index, the corrected devices of one model are found without a search through all devices.
    """

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}  # by id

    def note(self, device: Device) -> None:
        """Update the index after a device was edited or restored.

        The device is in the index as long as a person's corrections apply to it.
        """
        if device.corrects_semantics:
            self._devices[device.id] = device
        else:
            self.forget(device.id)

    def forget(self, device_id: str) -> None:
        """Remove a device that was deleted."""
        self._devices.pop(device_id, None)

    def of_model(self, device: Device) -> list[Device]:
        """Return the corrected devices of the same manufacturer and model, without ``device`` itself.

        A corrected device is one for which a person has changed what a metric measures or what kind of machine it is.
        If ``device`` has no model, the result is empty.
        """
        model = device.info.model
        if not model:
            return []
        maker = device.info.manufacturer
        return [
            other
            for other in self._devices.values()
            if other.id != device.id and other.info.model == model and other.info.manufacturer == maker
        ]
