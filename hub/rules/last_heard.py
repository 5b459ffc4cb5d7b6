"""When the hub last heard of a device, one of its metrics or its gateway, by the hub's clock."""

from __future__ import annotations

from hub.model import Device, Latest


def last_heard(device: Device, metric: str | None) -> int | None:
    """Return when the device last sent something, or last reported a metric; None if it never has."""
    if metric is None:
        return device.last_seen
    latest = device.metrics.get(metric)
    return None if latest is None else received(device, latest)


def is_up_to_date(device: Device, metric: str) -> bool:
    """Return False for a metric of a device that is stale or offline. The hub itself reports calculated metrics."""
    return device.presence == "online" or metric in device.calculated


def received(device: Device, latest: Latest) -> int:
    """Estimate when the hub received a value, since the device's clock may differ from the hub's."""
    if device.last_reading is None:
        return latest.ts
    return min(device.last_reading, latest.ts + max(0, device.last_reading - device.last_ts))


def silent_together(device: Device, gateway: Device, unknown_ms: int = 0) -> int | None:
    """Return the time in ms from the device's last message to its gateway's; None if they did not fall silent together.

    They fell silent together if the gateway was last heard at most 1.5 expected intervals after the device, or at most
    ``unknown_ms`` if the interval is not known yet. The silence of a gateway that would have been reported offline, by
    its will for example, means nothing.
    """
    if gateway.last_seen is None or device.last_seen is None or gateway.announces_offline:
        return None
    later = gateway.last_seen - device.last_seen
    return max(0, later) if later <= (1.5 * device.expected_interval or unknown_ms) else None
