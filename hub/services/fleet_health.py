"""Find the devices that need attention: low batteries, weak signals, silent devices, lost metrics; count firmware."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from hub.insight.metric_semantics import metric_semantics
from hub.model import Device, Latest, Presence, Value
from hub.registry.reader import DeviceReader

LISTED = 100
"""Maximum entries of each list. The counts include the entries that were left out."""
LOW_BATTERY = 20.0
"""A battery below this percentage is low, as in Home Assistant and Zigbee2MQTT.

If the device has a limit of its own (``info.limits``), that limit applies instead.
"""
WEAK_SIGNAL = {"dBm": -85.0, "%": 25.0, None: 50.0}
"""A signal is weak below this value, by unit.

Wi-Fi below -85 dBm loses packets. A signal without a unit is Zigbee's link quality, from 0 to 255.
"""
LOST_AFTER_MS = 24 * 3_600_000
LOST_AFTER_INTERVALS = 20
"""A metric is lost if its last reading is much older than the newest reading of the device.

The difference must exceed both ``LOST_AFTER_MS`` and this number of the device's expected intervals.
"""
AT_ONCE = 100
"""Number of devices that are checked before other tasks of the event loop may run."""


class LevelReading(msgspec.Struct, frozen=True):
    """The latest value of a battery or a signal. ``low`` is True if it needs attention."""

    device: str
    name: str
    metric: str
    title: str
    value: Value
    unit: str | None
    at: int
    low: bool


class SilentDevice(msgspec.Struct, frozen=True):
    """A stale or offline device. ``last_seen`` is None if the device has never sent anything."""

    device: str
    name: str
    presence: Presence
    last_seen: int | None


class LostMetric(msgspec.Struct, frozen=True):
    """A metric that its device no longer sends, though it sends other metrics.

    ``at`` is the time of the last value (epoch ms).
    """

    device: str
    name: str
    metric: str
    title: str
    at: int


class ModelFirmware(msgspec.Struct, frozen=True):
    """The firmware versions of a model, the most frequent first, each with its number of devices."""

    manufacturer: str | None
    model: str | None
    versions: list[tuple[str, int]]


class FleetHealth(msgspec.Struct, frozen=True):
    """Findings about all devices. Each list begins with what is most urgent and has at most :data:`LISTED` entries.

    Attributes:
        devices: Number of all devices.
        low_batteries: Number of low batteries.
        weak_signals: Number of weak signals.
        silent: Number of devices that are stale or offline.
        lost_metrics: Number of metrics that their devices no longer send.
    """

    devices: int
    low_batteries: int
    weak_signals: int
    silent: int
    lost_metrics: int
    batteries: list[LevelReading]
    signals: list[LevelReading]
    silent_devices: list[SilentDevice]
    lost: list[LostMetric]
    firmware: list[ModelFirmware]


class FleetHealthService:
    """Collects the findings about all devices. Requests are handled one at a time, because each takes much CPU time."""

    def __init__(self, registry: DeviceReader) -> None:
        self._registry = registry
        self._turn = asyncio.Lock()

    async def check(self) -> FleetHealth:
        """Return the findings about the devices that the request may see."""
        async with self._turn:
            batteries, signals = list[LevelReading](), list[LevelReading]()
            silent, lost = list[SilentDevice](), list[LostMetric]()
            versions: dict[tuple[str | None, str | None], Counter[str]] = defaultdict(Counter)
            ids = [device.id for device in self._registry.devices()]
            for number, device_id in enumerate(ids):
                if number % AT_ONCE == 0:
                    await asyncio.sleep(0)
                if (device := self._registry.get(device_id)) is None:  # deleted meanwhile
                    continue
                name = device.display_name
                batteries += levels(device, "state_of_charge")
                signals += levels(device, "signal")
                lost += lost_metrics(device)
                if device.presence != "online" and not device.withdrawn:
                    silent.append(SilentDevice(device.id, name, device.presence, device.last_seen))
                if device.info.firmware:
                    versions[device.info.manufacturer, device.info.model][device.info.firmware] += 1
        batteries.sort(key=_urgency)
        signals.sort(key=_urgency)
        silent.sort(key=lambda each: each.last_seen or 0)
        lost.sort(key=lambda each: each.at)
        firmware = [ModelFirmware(*model, count.most_common(10)) for model, count in versions.items()]
        firmware.sort(key=lambda each: (-len(each.versions), each.model or ""))
        return FleetHealth(
            devices=len(ids),
            low_batteries=sum(each.low for each in batteries),
            weak_signals=sum(each.low for each in signals),
            silent=len(silent),
            lost_metrics=len(lost),
            batteries=batteries[:LISTED],
            signals=signals[:LISTED],
            silent_devices=silent[:LISTED],
            lost=lost[:LISTED],
            firmware=firmware[:LISTED],
        )


def levels(device: Device, quantity: str) -> Iterable[LevelReading]:
    """Yield the latest values of a device's metrics that measure ``quantity``: ``state_of_charge`` or ``signal``."""
    for metric, latest in device.metrics.items():
        edit = device.metric_edits.get(metric)
        unit = device.unit(metric)
        found = metric_semantics(metric, unit, device.info.classes.get(metric))
        if ((edit and edit.quantity) or found.quantity) != quantity or found.role != "measured":
            continue
        low = _is_low(device, metric, latest, quantity)
        if low is not None:
            title = device.describe(metric).title
            yield LevelReading(device.id, device.display_name, metric, title, latest.value, unit, latest.ts, low)


def _is_low(device: Device, metric: str, latest: Latest, quantity: str) -> bool | None:
    """Return whether a battery is low or a signal is weak; None if that is not known."""
    unit, value = device.unit(metric), latest.value
    if isinstance(value, bool) and quantity == "state_of_charge":
        return value  # device class battery: true means low
    if not isinstance(value, float):
        return None
    limit = device.info.limits.get(metric)
    if limit is not None and limit.min is not None:
        return value < limit.min
    if quantity == "state_of_charge":
        return value < LOW_BATTERY if unit in ("%", None) else None
    return value < WEAK_SIGNAL[unit] if unit in WEAK_SIGNAL else None


def lost_metrics(device: Device) -> Iterable[LostMetric]:
    """Yield the numeric metrics that a device no longer sends, though it sends other metrics.

    Devices that report only states, changes or events are left out, because they send a value only when it changes.
    """
    if device.presence != "online" or device.discrete or device.info.reports in ("changes", "events"):
        return
    newest = max((latest.ts for latest in device.metrics.values()), default=0)
    silence = max(LOST_AFTER_MS, LOST_AFTER_INTERVALS * device.expected_interval)
    for metric, latest in device.metrics.items():
        if isinstance(latest.value, float) and newest - latest.ts > silence:
            yield LostMetric(device.id, device.display_name, metric, device.describe(metric).title, latest.ts)


def _urgency(level: LevelReading) -> tuple[bool, str, float]:
    """Return a sort key for battery and signal levels.

    Low levels come first. Among the low levels, and among the others, levels are sorted by unit and then by value.
    """
    value = 0.0 if isinstance(level.value, bool | str) else level.value
    return not level.low, level.unit or "", value
