"""Find whether a metric changed in the same way before, while nothing was wrong: compressors start, doors open.

A change is normal if both are found in the week before it, more than once: the level that it leads to, and a change of
that size within that time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.insight.series import MetricSeries
from hub.insight.statistics import median

_MIN_READINGS = 24
_OCCASIONS = 2
_NEAR = 0.2
"""A level within this share of the change counts as visited; a change smaller by at most this share, as equal."""


def is_normal_change(week: MetricSeries, onset: int, level: float, change: float, end: int) -> bool:
    """Return whether a ``change`` to ``level`` between ``onset`` and ``end`` (ms) happened before, twice or more."""
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
    """Return whether a switching signal was in this state for as long before as from ``onset`` to ``end`` (ms)."""
    base = week.until(onset)
    if len(base) < _MIN_READINGS or base.kind != "number":
        return False
    kept = base.values > split if on else base.values <= split
    edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
    begins, ends = edges[::2], edges[1::2] - 1
    longest = float((base.times[ends] - base.times[begins]).max(initial=0.0)) if len(begins) else 0.0
    return longest >= (1 - _NEAR) * (end - onset) / 1000


def _occasions(found: npt.NDArray[np.bool_]) -> int:
    """Return how many separate periods are true."""
    return int(np.count_nonzero(np.diff(found.astype(np.int8), prepend=0) > 0))
