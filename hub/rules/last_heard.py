"""When the hub last heard of a device, one of its metrics or its gateway, by the hub's clock."""

from __future__ import annotations

from hub.model import Device, Latest


def last_heard(device: Device, metric: str | None) -> int | None:
    """Return when (ms) the device last sent something; with ``metric``, when it last reported this metric.

    Returns None if it never has.
    """
    if metric is None:
        return device.last_seen
    latest = device.metrics.get(metric)
    return None if latest is None else received(device, latest)


def is_up_to_date(device: Device, metric: str) -> bool:
    """Return whether the latest value of a metric is current.

    It is not if the device is stale or offline. A metric that the hub itself calculates is always current.
    """
    return device.presence == "online" or metric in device.calculated


def received(device: Device, latest: Latest) -> int:
    """Return an estimate of the time (ms, by the hub's clock) at which the hub received a value.

    It is an estimate, because the device's clock may differ from the hub's clock.
    """
    if device.last_reading is None:
        return latest.ts
    return min(device.last_reading, latest.ts + max(0, device.last_reading - device.last_ts))


def silent_together(device: Device, gateway: Device, unknown_ms: int = 0) -> int | None:
    """Return by how many ms the gateway was heard later than the device; None if they did not fall silent together.

    They fell silent together if the gateway was last heard at most 1.5 expected intervals of the device after the
    device. If this interval is not known yet, the limit is ``unknown_ms``. Return 0 if the gateway was last heard
    before the device. Return None for a gateway that would have been reported offline, for example by its will (MQTT),
    because its silence means nothing.
    """
    if gateway.last_seen is None or device.last_seen is None or gateway.announces_offline:
        return None
    later = gateway.last_seen - device.last_seen
    return max(0, later) if later <= (1.5 * device.expected_interval or unknown_ms) else None
