"""Believe a single new reading if several metrics of the device jump with it.

One odd reading is an outlier. A device that reports every hour, however, has only one reading when its alert is raised.
If at least two metrics left all their earlier values in that reading, it is no outlier but a change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from hub.insight.detected_change import DetectedChange
from hub.insight.series import MetricSeries
from hub.insight.statistics import min_spread

_TOGETHER = 2
"""At least this many metrics must jump."""
_BEYOND = 1.0
"""A metric jumps if it leaves the range of its earlier values by this share of the range."""
_BEYOND_TOO = 0.2
"""If enough metrics jump, others count that leave their range by this share of it."""
_DEVIATION = 10.0
"""How many sigmas a jump counts as."""
_MIN_READINGS = 24


def sudden_changes(found: Mapping[str, DetectedChange], week: Mapping[str, MetricSeries]) -> dict[str, DetectedChange]:
    """Return the changes ``found``, and the changes that only the newest reading of a metric shows.

    ``week`` has the values of the last week, by metric.
    """
    if len(_jumps(found, week, _BEYOND)) < _TOGETHER:
        return dict(found)
    return {**found, **_jumps(found, week, _BEYOND_TOO)}


def _jumps(
    found: Mapping[str, DetectedChange], week: Mapping[str, MetricSeries], beyond: float
) -> dict[str, DetectedChange]:
    return {
        name: jump
        for name, seen in found.items()
        if seen.doing == "steady" and (jump := _jump(seen, week.get(name, seen.track), beyond)) is not None
    }


def _jump(seen: DetectedChange, week: MetricSeries, beyond: float) -> DetectedChange | None:
    track = seen.track
    if track.kind != "number" or len(track) < _MIN_READINGS or (seen.baseline and seen.baseline.levels):
        return None
    newest, previous = float(track.values[-1]), track.at(-2)
    earlier = np.concatenate([week.until(previous).values, track.values[:-1]])
    low, high = float(earlier.min()), float(earlier.max())
    reach = beyond * max(high - low, 2 * min_spread(earlier))
    if low - reach <= newest <= high + reach:
        return None
    sign = 1.0 if newest > high else -1.0
    return replace(
        seen,
        doing="rises" if sign > 0 else "falls",
        onset=track.at(-1),
        earliest=previous,
        latest=track.at(-1),
        before=float(track.values[-2]),
        level=newest,
        deviation=sign * _DEVIATION,
        abrupt=True,
    )
