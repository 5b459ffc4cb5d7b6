"""Convert stored readings to the records that a device would have sent."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hub.model import Quality, Record, Value

Points = Sequence[tuple[int, Value, Quality]]
"""Readings of one metric in the order of time: (epoch ms, value, quality)."""


def outside(records: Sequence[Record], metrics: list[str], least: list[float], most: list[float]) -> np.ndarray:
    """Return a boolean array with one entry per record: True if the record may change the rule's state.

    It may if it has a text, a metric that is not in ``metrics``, or a number outside the range of its metric from
    ``least`` to ``most``.
    """
    found = np.fromiter((not record.values.keys() <= set(metrics) for record in records), np.bool_, len(records))
    for metric, low, high in zip(metrics, least, most, strict=True):
        if low == -math.inf and high == math.inf:
            continue
        inside = low if low > -math.inf else high
        column = np.array([_number(record.values.get(metric, inside)) for record in records])
        found |= ~((column >= low) & (column <= high))
    return found


def _number(value: Value) -> float:
    return math.nan if isinstance(value, str) else float(value)


def records_of(device_id: str, readings: Mapping[str, Points]) -> list[Record]:
    """Return the readings as records in the order of time.

    Readings of several metrics at the same time form one record.
    """
    if len(readings) == 1:
        ((metric, points),) = readings.items()
        return [Record(device_id, ts, ts, {metric: value}, _quality(quality)) for ts, value, quality in points]
    together: dict[tuple[int, int], Record] = {}
    for metric, points in readings.items():
        for key, value, quality in _numbered(points):
            if (record := together.get(key)) is None:
                together[key] = Record(device_id, key[0], key[0], {metric: value}, _quality(quality))
            else:
                record.values[metric] = value
    return [together[key] for key in sorted(together)]


def _numbered(points: Points) -> Iterator[tuple[tuple[int, int], Value, Quality]]:
    """Yield each point as ``(key, value, quality)`` with a unique key.

    The key is a pair: the time, and the index among the points with the same time.
    """
    before, number = -1, 0
    for ts, value, quality in points:
        number = number + 1 if ts == before else 0
        before = ts
        yield (ts, number), value, quality


def _quality(quality: Quality) -> Quality:
    """Return the quality of a reading in a replay: a late reading counts as good, because here it arrives in time."""
    return "good" if quality == "late" else quality
