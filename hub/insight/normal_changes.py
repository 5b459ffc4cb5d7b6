"""Check whether a change is normal: whether it also occurred while nothing was wrong, as when a compressor starts.

A change is normal if two things occurred at least twice in the week before it: the level that the change reaches, and
a change of about this size within as much time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.insight.series import MetricSeries
from hub.insight.statistics import median

_MIN_READINGS = 24
_OCCASIONS = 2
_NEAR = 0.2
"""Tolerance, as a fraction of the change.

An earlier level, or an earlier change, counts as equal if it falls short by at most this fraction of the change.
"""


def is_normal_change(week: MetricSeries, onset: int, level: float, change: float, end: int) -> bool:
    """Return whether the metric made a similar change at least twice before ``onset``.

    Args:
        week: The metric's readings of the last week. Only those before ``onset`` are compared.
        onset: When the change began, in epoch ms.
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
    """Return whether a switching signal has been on (or off) for as long as now at least once before.

    ``week`` are its readings of the last week. The signal is on above ``split``. Its present state lasts from ``onset``
    to ``end`` (epoch ms). An earlier stay in this state counts even if it was up to a fifth shorter.
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
