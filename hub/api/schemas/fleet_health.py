"""The health of all devices as the API returns it."""

from __future__ import annotations

from hub.api.schemas.api_object import ApiObject
from hub.model import Presence, Value


class LevelShape(ApiObject, rename={"device": "device_id", "name": "device_name"}):
    """The latest value of a battery or of a signal strength. `low` is true if the value needs attention."""

    device: str
    name: str
    metric: str
    title: str
    value: Value
    unit: str | None
    at: int
    low: bool


class SilentShape(ApiObject, rename={"device": "device_id", "name": "device_name"}):
    """A stale or offline device. `last_seen` is null if the device has never sent anything."""

    device: str
    name: str
    presence: Presence
    last_seen: int | None


class LostMetricShape(ApiObject, rename={"device": "device_id", "name": "device_name"}):
    """A metric that a device no longer sends, while it still sends others. `at` is the time of the last value."""

    device: str
    name: str
    metric: str
    title: str
    at: int


class FirmwareVersion(ApiObject):
    """A firmware version and the number of devices with it."""

    version: str
    devices: int


class ModelFirmwareShape(ApiObject):
    """The firmware versions of a model, the most frequent first."""

    manufacturer: str | None
    model: str | None
    versions: list[FirmwareVersion]


class FleetHealthShape(ApiObject):
    """Devices that need attention. Each list has at most 100 entries, the most urgent first.

    The numbers count all devices, not only those in the lists.
    """

    devices: int
    low_batteries: int
    weak_signals: int
    silent: int
    lost_metrics: int
    batteries: list[LevelShape]
    signals: list[LevelShape]
    silent_devices: list[SilentShape]
    lost: list[LostMetricShape]
    firmware: list[ModelFirmwareShape]
