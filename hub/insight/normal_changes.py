"""Find whether a metric also changed in the same way while nothing was wrong, as when compressors start or doors open.

A change is normal if two things occurred more than once in the week before it: the level that it leads to, and a change
of this size within this time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.insight.series import MetricSeries
from hub.insight.statistics import median

_MIN_READINGS = 24
_OCCASIONS = 2
_NEAR = 0.2
"""Tolerance, as a share of the change.

An earlier level counts as equal if it is closer to the new level than this share. An earlier change counts as equal if
it is smaller by at most this share.
"""


def is_normal_change(week: MetricSeries, onset: int, level: float, change: float, end: int) -> bool:
    """Return whether the metric changed in a similar way at least twice before ``onset``, so that the change is normal.

    Args:
        week: The metric's readings of the last week. Only those before ``onset`` are compared.
        onset: When the change to judge began, in epoch ms.
        level: The value that the metric reached.
        change: By how much the metric changed; negative if it fell.
        end: When the change was complete, in epoch ms.
    """
    base = week.until(onset)
    if len(base) < _MIN_READINGS or base.kind != "number" or change == 0:
        return False
    sign = 1.0 if change > 0 else -1.0
    near = sign * (base.values - level) >= -_NEAR * abs(change)
    # A single occasion may have been a fault that nobody noticed.
    if _occasions(near) < _OCCASIONS:
        return False
    step = median(np.diff(base.times))
    lag = max(1, round((end - onset) / 1000 / step))
    if lag >= len(base) // 2:
        return False
    return _occasions(sign * (base.values[lag:] - base.values[:-lag]) >= (1 - _NEAR) * abs(change)) >= _OCCASIONS


def is_normal_stay(week: MetricSeries, onset: int, split: float, *, on: bool, end: int) -> bool:
    """Return whether a signal that switches has stayed on (or off) for as long before as it does now.

    ``week`` are its earlier readings, and the signal is on above ``split``. It is in its present state since ``onset``,
    until ``end`` (epoch ms). An earlier time in this state counts even if it was shorter by up to a fifth.
    """
    base = week.until(onset)
    if len(base) < _MIN_READINGS or base.kind != "number":
        return False
    kept = base.values > split if on else base.values <= split
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2] - 1
    longest = float((base.times[ends] - base.times[begins]).max(initial=0.0)) if len(begins) else 0.0
    return longest >= (1 - _NEAR) * (end - onset) / 1000


def _occasions(found: npt.NDArray[np.bool_]) -> int:
    """Return how many separate runs of consecutive True values the array ``found`` has."""
    return int(np.count_nonzero(np.diff(found.astype(np.int8), prepend=0) > 0))
