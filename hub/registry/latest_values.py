"""Update and expire the latest value of each metric of a device. Pure."""

from __future__ import annotations

from hub.model import Latest, Record, ValueExpired
from hub.registry.capacity import text_size

_IN_TIME = ("good", "clock", "unknown")
"""Qualities of readings that arrived soon after they were measured. Intervals are only counted from such readings."""


def replaces(ts: int, latest: Latest, received: int) -> bool:
    """Return True if a reading that was measured at ``ts`` is at least as new as ``latest``, and so replaces it.

    Any reading replaces a latest value whose time is in the future, because the device's clock was ahead.
    """
    return ts >= latest.ts or latest.ts > received


def update_latest(metrics: dict[str, Latest], record: Record) -> tuple[int, int]:
    """Put the values of ``record`` into ``metrics``, the latest values of its device.

    A retained message only adds the metrics that are missing.

    Returns:
        The time of the newest value that was replaced, from which the caller measures how often the device reports. It
            is 0 if no value was replaced, or if the new value did not arrive in time.
        By how many characters all texts together have grown.
    """
    ts, received, quality = record.ts, record.received, record.quality
    previous, previous_quality, text_growth = 0, quality, 0
    for name, value in record.values.items():
        latest = metrics.get(name)
        if latest is not None:
            if quality == "retained" or not replaces(ts, latest, received):
                continue
            if latest.ts > previous:
                previous, previous_quality = latest.ts, latest.quality
        if type(value) is str:
            text_growth += len(value) - text_size(latest)
        metrics[name] = Latest(value, ts, quality)
    return (previous if previous_quality in _IN_TIME else 0), text_growth


def expire(metrics: dict[str, Latest], expiration: ValueExpired) -> bool:
    """Mark the values that an expiration names as unknown. Return False if all of them were unknown already."""
    prefix = f"{expiration.metric}." if expiration.metric else ""
    names = [expiration.metric, *(name for name in metrics if expiration.parts and name.startswith(prefix))]
    expired = [metrics[name] for name in names if name in metrics and metrics[name].quality != "unknown"]
    for latest in expired:
        latest.quality = "unknown"
    return bool(expired)
