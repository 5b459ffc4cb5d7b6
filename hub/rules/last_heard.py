"""Compute when the hub last received something of a device, one of its metrics or its gateway, by the hub's clock."""

from __future__ import annotations

from hub.model import Device, Latest


def last_heard(device: Device, metric: str | None) -> int | None:
    """Return when the hub last received a message of the device or, with ``metric``, a value of this metric.

    The time is in epoch ms by the hub's clock; None if nothing was received yet.
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
    """Return when the hub received a value, in epoch ms by the hub's clock.

    The time is an estimate: the value has only a time by the device's clock, which may differ from the hub's clock.
    """
    if device.last_reading is None:
        return latest.ts
    return min(device.last_reading, latest.ts + max(0, device.last_reading - device.last_ts))


def silent_together(device: Device, gateway: Device, unknown_ms: int = 0) -> int | None:
    """Return how long after the last message of a device its gateway sent its own last message, in ms.

    Return 0 if the gateway's last message is the earlier one. Return None if they did not fall silent together: the
    gateway's last message came more than 1.5 expected intervals of the device later. ``unknown_ms`` is the limit for a
    device whose expected interval is not known yet. Return None also if one of them never sent anything, or if the
    outage of the gateway would be reported, for example by an MQTT will, so that its silence means nothing.
    """
    if gateway.last_seen is None or device.last_seen is None or gateway.announces_offline:
        return None
    later = gateway.last_seen - device.last_seen
    return max(0, later) if later <= (1.5 * device.expected_interval or unknown_ms) else None
