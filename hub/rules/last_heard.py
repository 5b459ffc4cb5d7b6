"""When the hub last heard of a device or one of its metrics, by the hub's clock."""

from __future__ import annotations

from hub.model import Device, Latest


def last_heard(device: Device, metric: str | None) -> int | None:
    """Return when the device last sent something, or last reported a metric; None if it never has."""
    if metric is None:
        return device.last_seen
    latest = device.metrics.get(metric)
    return None if latest is None else received(device, latest)


def received(device: Device, latest: Latest) -> int:
    """Estimate when the hub received a value, since the device's clock may differ from the hub's."""
    if device.last_reading is None:
        return latest.ts
    return min(device.last_reading, latest.ts + max(0, device.last_reading - device.last_ts))
