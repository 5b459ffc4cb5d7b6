"""Find the gaps of a series, and the intervals whose points are not of good quality.

A gap is longer than five times the median interval between readings, and longer than twice the 90th percentile. So a
device that reports irregularly has no gaps. There is no gap before the first point or after the last.
"""

from __future__ import annotations

import numpy as np

from hub.model import Gap, Mark
from hub.store.points import QUALITIES, Bytes, Ints

MEDIAN_FACTOR = 5.0
P90_FACTOR = 2.0
MIN_INTERVALS = 12
"""With fewer intervals, the 90th percentile has no meaning and is not used."""


def gaps_of(starts: Ints, ends: Ints, counts: Ints) -> list[Gap]:
    """Return the times of unusually long silence between points or between buckets, as ``(from, to)`` in order.

    Args:
        starts: When each point was measured, or when each bucket begins. Buckets without readings are left out.
        ends: When each bucket ends; for points, the same as ``starts``.
        counts: The number of readings in each point or bucket.
    """
    if len(starts) < 3:
        return []
    silence = (starts[1:] - ends[:-1]).astype(np.float64)
    # A bucket has several readings: its interval is the time to the next bucket, divided by their number.
    intervals = np.diff(starts) / counts[:-1]
    longest = MEDIAN_FACTOR * float(np.median(intervals))
    if len(intervals) >= MIN_INTERVALS:
        longest = max(longest, P90_FACTOR * float(np.quantile(intervals, 0.9)))
    found = np.flatnonzero(silence > max(longest, 0.0))
    return list(zip(ends[found].tolist(), starts[found + 1].tolist(), strict=True))


def marks_of(starts: Ints, ends: Ints, bits: Bytes) -> list[Mark]:
    """Return the periods in which readings had a quality other than good, as ``(from, to, quality)``, oldest first.

    Neighbouring intervals that have the same quality form one period.

    Args:
        starts: When each interval begins, ascending.
        ends: When each interval ends.
        bits: The qualities in each interval, as a mask; see :func:`hub.store.query.downsampler.quality_bits`.
    """
    if not bits.any():
        return []
    found: list[Mark] = []
    for code, quality in enumerate(QUALITIES):
        has = (bits >> code) & 1 if code else np.zeros(len(bits), np.uint8)
        turns = np.flatnonzero(np.diff(has.astype(np.int8), prepend=0, append=0))
        for first, after in zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True):
            found.append((int(starts[first]), int(ends[after - 1]), quality))
    return sorted(found)
