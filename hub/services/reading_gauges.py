"""Provide the current readings of the devices as gauges for Prometheus, up to a limit."""

from __future__ import annotations

from collections.abc import Iterator

from hub.model import Device
from hub.registry.reader import DeviceReader
from hub.runtime.metrics import ReadingGauge


def reading_gauges(registry: DeviceReader, limit: int) -> tuple[list[ReadingGauge], bool]:
    """Return up to ``limit`` readings of the devices that are online, and whether some were left out.

    A device that is stale or offline has no gauges, so that a graph shows a gap and not its last value.
    """
    found: list[ReadingGauge] = []
    if not limit:
        return found, False
    for described in registry.devices():
        if described.presence != "online" or (device := registry.get(described.id)) is None:
            continue
        for gauge in _gauges(device):
            if len(found) == limit:
                return found, True
            found.append(gauge)
    return found, False


def _gauges(device: Device) -> Iterator[ReadingGauge]:
    for name, latest in device.metrics.items():
        if isinstance(latest.value, int | float) and latest.quality != "unknown":
            yield ReadingGauge(device.id, name, device.unit(name) or "", float(latest.value))
