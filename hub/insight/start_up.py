"""Judge the metrics of a machine that warms up by what they did after its earlier starts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hub.insight.detected_change import DetectedChange
from hub.insight.normal_changes import is_normal_stay
from hub.insight.running_time import RunningTime
from hub.insight.series import MetricSeries
from hub.insight.statistics import min_spread

_BEYOND = 0.25
"""A metric differs from earlier starts if it is outside their range by at least this share of the range."""
_OF_START = 0.2
"""The range is at least this share of the change from standstill to operation."""
_DEVIATION = 8.0
"""How many sigmas a value counts as that is outside of the range by the width of the range."""


def against_earlier_starts(seen: DetectedChange, running: RunningTime, week: MetricSeries | None) -> DetectedChange:
    """Return how a metric differs from its values at the same time after earlier starts; steady if it does not.

    ``week`` has the values of the metric in the last week. A change that cannot be compared is returned as it is.
    """
    if week is None or week.kind != "number" or seen.conditional:
        return seen
    if seen.doing in ("stays on", "stays off"):
        # The onset is kept, since a steady switch has one.
        return replace(seen, doing="steady") if _is_usual_stay(seen, week) else seen
    if seen.doing not in ("rises", "falls"):
        return seen
    now = seen.track.times[-1] + seen.track.origin / 1000
    found = running.usual_range(week, float(now))
    if found is None:
        return seen
    low, high = found
    # Few starts do not show the whole range. A part of what the start itself changes is no difference either.
    width = max(high - low, 2 * min_spread(week.values), _OF_START * abs((low + high) / 2 - seen.before))
    beyond = max(seen.level - high, low - seen.level) / width
    if beyond < _BEYOND:
        return replace(seen, doing="steady", onset=None)
    rises = seen.level > high
    if rises is (seen.doing == "rises"):
        return seen
    started = round(running.started * 1000)
    return replace(
        seen,
        doing="rises" if rises else "falls",
        onset=started,
        earliest=started - round(running.stopped_s * 1000),
        latest=started,
        before=(low + high) / 2,
        deviation=float(np.clip(_DEVIATION * beyond, 3.0, 30.0)) * (1 if rises else -1),
        conditional=True,
        abrupt=False,
    )


def _is_usual_stay(seen: DetectedChange, week: MetricSeries) -> bool:
    """Return whether a switch has been in its state for as long before, as in each shift of a machine."""
    split = seen.baseline.levels.split if seen.baseline and seen.baseline.levels else 0.5
    if seen.shift or seen.onset is None:
        return False
    return is_normal_stay(week, seen.onset, split, on=seen.doing == "stays on", end=seen.track.at(-1))
