"""Find metrics that repeat one value for far longer than ever before, as a failed sensor does."""

from __future__ import annotations

import numpy as np

from hub.insight.baseline import Baseline, wander
from hub.insight.detected_change import DetectedChange
from hub.insight.series import MetricSeries
from hub.insight.statistics import median, runs


def detect_stuck_value(track: MetricSeries, usual: Baseline) -> DetectedChange | None:
    """Return the change "stuck" if the metric has repeated one value for far longer than ever before, else None."""
    changes = np.flatnonzero(np.diff(track.values))
    first = int(changes[-1]) + 1 if len(changes) else 0
    points, seconds = len(track) - first, float(track.times[-1] - track.times[first])
    # Only a metric that used to change often can be stuck. A set point or a counter may rest.
    lively = usual.changes >= max(10, usual.count // 20)
    if not lively or points < 15 or seconds < 20 or _resting(track, usual, first):
        return None
    still = _stood_still(track, usual, first)
    if points < 2.5 * usual.still_points or seconds < 3 * still:
        return None
    level = float(track.values[-1])
    return DetectedChange(
        track, "stuck", track.at(first), level, level, min(seconds / max(still, 1.0), 30.0) * 2, usual
    )


def _resting(track: MetricSeries, usual: Baseline, first: int) -> bool:
    """Return whether a metric that repeats one value rests at an end of its range, as a healthy signal may do.

    Examples are the light at night and a closed valve. A failed sensor can repeat any value. A metric rests if its
    value is not inside the usual range, and one of these is true:

    - It has stayed at one value for long before.
    - It has stayed at this very value before.
    - It has reached zero or full scale no faster than it usually moves.

    ``first`` is the index of the first of the repeated readings.
    """
    level = float(track.values[first])
    if usual.low < level < usual.high:
        return False
    here = runs(track.times[: usual.count], (track.values[: usual.count] == level).astype(np.float64))
    rested = float(here.lengths[here.states == 1].max(initial=0.0))
    if usual.still > 0.1 * (usual.end - usual.start) or rested > 0.9 * usual.still > 0:
        return True
    step, seconds = abs(level - float(track.values[first - 1])), float(track.times[first] - track.times[first - 1])
    return first > 0 and level in (0.0, 100.0 if track.unit == "%" else 0.0) and step <= wander(usual, seconds)


def _stood_still(track: MetricSeries, usual: Baseline, first: int) -> float:
    """Return the longest time (s) for which the metric kept one value before the reading with index ``first``.

    If there are enough readings at the present interval, only these are used, because a coarser history before them
    would make the time seem longer than it was.
    """
    interval = median(np.diff(track.times[first:]))
    steps = np.diff(track.times[:first])
    slower = np.flatnonzero(steps > 2 * interval)
    live = int(slower[-1]) + 1 if len(slower) else 0
    if first - live >= 25:
        return float(runs(track.times[live:first], track.values[live:first]).lengths.max()) + interval
    return min(usual.still, 400.0)
