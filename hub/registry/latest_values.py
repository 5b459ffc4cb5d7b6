"""Update and expire the latest value of each metric of a device. Pure."""

from __future__ import annotations

from hub.model import Latest, Record, ValueExpired
from hub.registry.capacity import text_size

_IN_TIME = ("good", "clock", "unknown")
"""Qualities of a reading that arrived when it was measured. An interval may begin with it."""


def replaces(ts: int, latest: Latest, received: int) -> bool:
    """Return True if a reading at ``ts`` replaces ``latest``. An older reading never replaces a newer value.

    A latest value with a time in the future (the device's clock was ahead) is replaced by any reading.
    """
    return ts >= latest.ts or latest.ts > received


def update_latest(metrics: dict[str, Latest], record: Record) -> tuple[int, int]:
    """Apply the values of ``record`` to ``metrics``. A retained message only adds missing metrics.

    Returns:
        The time of the newest replaced value (0 if no interval can be measured from it), and the growth of all texts
        in characters.
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
    """Set the quality of expired values to ``unknown``. Return False if nothing changed."""
    prefix = f"{expiration.metric}." if expiration.metric else ""
    names = [expiration.metric, *(name for name in metrics if expiration.parts and name.startswith(prefix))]
    expired = [metrics[name] for name in names if name in metrics and metrics[name].quality != "unknown"]
    for latest in expired:
        latest.quality = "unknown"
    return bool(expired)
