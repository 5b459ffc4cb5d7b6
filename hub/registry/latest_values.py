"""The latest value of each metric of a device: which reading replaces it, and when it is no longer known. Pure."""

from __future__ import annotations

from hub.model import Latest, Record, ValueExpired
from hub.registry.capacity import text_size

_IN_TIME = ("good", "clock", "unknown")
"""Qualities of a reading that came when it was measured: an interval may begin with it."""


def replaces(ts: int, latest: Latest, received: int) -> bool:
    """Return True if a reading at ``ts`` replaces ``latest``: an older reading never replaces a newer value.

    A latest value from the future comes from a clock that was ahead. It must not stay until that time has come.
    """
    return ts >= latest.ts or latest.ts > received


def update_latest(metrics: dict[str, Latest], record: Record) -> tuple[int, int]:
    """Apply the values of ``record`` to ``metrics``; those of a retained message only fill gaps.

    Returns:
        The time of the newest value that was replaced, 0 if there is none by which an interval can be measured; and by
        how many characters the texts have grown.
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
    """Mark the values that have expired as unknown and keep them. Return False if all of them were so before."""
    prefix = f"{expiration.metric}." if expiration.metric else ""
    names = [expiration.metric, *(name for name in metrics if expiration.parts and name.startswith(prefix))]
    expired = [metrics[name] for name in names if name in metrics and metrics[name].quality != "unknown"]
    for latest in expired:
        latest.quality = "unknown"
    return bool(expired)
