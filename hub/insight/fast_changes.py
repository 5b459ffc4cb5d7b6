"""Find changes within the last hours by comparing readings with earlier readings.

There are two tests. CUSUM finds a change that leaves the usual band. The pace test finds a change that stays within the
band but is far faster than any earlier movement of the metric. Source for CUSUM: Page, "Continuous inspection schemes",
Biometrika 41 (1954).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hub.insight.baseline import Baseline, baseline, baseline_end, wander
from hub.insight.detected_change import DetectedChange
from hub.insight.onset import Onset, locate_onset
from hub.insight.series import MetricSeries
from hub.insight.statistics import cusum, median, quantum, smooth, weights
from hub.insight.stuck_values import detect_stuck_value
from hub.insight.switching_changes import detect_switching_change

BELIEVABLE = 3.0
"""A change counts only if it is at least this many sigmas."""
_RECENT_S = 12.0
_HORIZONS = (10.0, 25.0, 60.0, 150.0, 400.0)
RUSH = 2.2
_AVERAGED = 16


def detect_fast_change(track: MetricSeries, moment: int) -> DetectedChange:
    """Return the change of one metric, compared with a baseline that is learned from earlier readings.

    ``moment`` (epoch ms) is the latest time at which the trouble can have begun. The baseline ends well before it.
    """
    usual = baseline(track, baseline_end(track, moment))
    if usual is None or len(track) - usual.count < 2:
        return _of_few(track, usual)
    # This comes before CUSUM, which would mistake a long stay at one level, or a repeated value, for a shift.
    if track.kind == "boolean" or usual.levels is not None:
        return detect_switching_change(track, usual)
    stuck = detect_stuck_value(track, usual)
    if stuck is not None:
        return stuck
    if not _is_coarse(usual, track):
        return detect_shift(track, usual)
    # Means need a baseline of their own, since they vary less than readings.
    means = track.averaged(_AVERAGED)
    usual = baseline(means, baseline_end(means, moment))
    if usual is None or len(means) - usual.count < 2:
        return _of_few(track, usual)
    return replace(detect_shift(means, usual), track=track)


def _is_coarse(usual: Baseline, track: MetricSeries) -> bool:
    """Return whether the sensor is so coarse that its readings switch between a few values.

    For such a sensor, means of several readings are compared instead of single readings.
    """
    if usual.count < 20 * _AVERAGED or usual.changes < usual.count / 20:
        return False
    return usual.high - usual.low <= 3.5 * quantum(track.values[: usual.count])


def _of_few(track: MetricSeries, usual: Baseline | None) -> DetectedChange:
    level = float(track.values[-1])
    return DetectedChange(track, "unknown", None, level, level, 0.0, usual)


def detect_shift(track: MetricSeries, usual: Baseline) -> DetectedChange:
    """Return the change "rises", "falls" or "steady" of a metric since its baseline.

    A change that leaves the usual band is found by a sum of deviations (CUSUM). If there is none, a change within the
    usual band counts if it is far faster than the metric ever moved before.
    """
    times, values = track.times[usual.count :], smooth(track.values[usual.count - 1 :])[1:]
    deviations = usual.deviations(times, values)
    # Only a change that still lasts counts.
    interval = median(np.diff(times[-10:]))
    last = deviations[times >= times[-1] - max(_RECENT_S, 2 * interval)]
    deviation = median(last[-max(3, len(last) // 2) :])
    sign = 1.0 if deviation >= 0 else -1.0
    total = cusum(sign * deviations, weights(times), usual.band)
    level = recent_level(track, times[-1])
    rest = DetectedChange(track, "steady", None, usual.level, level, deviation, usual)
    if total[-1] <= usual.threshold(interval) or abs(deviation) < BELIEVABLE:
        return _rushed(track, usual) or rest
    # CUSUM is 0 until the change begins, so its last zero is a first guess of the onset.
    start = int(np.flatnonzero(total == 0)[-1]) if np.any(total == 0) else 0
    at = _onset(track, usual.count + start, sign)
    onset, before = at.at, at.before
    # Leaving the band is not enough: a signal that drifts slowly leaves it without a fault.
    if sign * (level - before) < 1.7 * wander(usual, float(times[-1]) - onset):
        return _rushed(track, usual) or rest
    return DetectedChange(track, "rises" if sign > 0 else "falls", track.stamp(onset), before, level, deviation, usual,
                    abrupt=_abrupt(track, onset, before, level),
                    earliest=track.stamp(at.earliest), latest=track.stamp(at.latest))  # fmt: skip


def _rushed(track: MetricSeries, usual: Baseline) -> DetectedChange | None:
    """Return a change that stays within the usual band but is far faster than the metric ever moved before.

    This finds a fast change of a signal that follows the day: its band is wide, but its usual pace is slow. Return None
    if there is no such change.
    """
    end, level = float(track.times[-1]), recent_level(track, float(track.times[-1]))
    best, began = 0.0, 0
    # The true duration is not known: take the one over which the movement is most unusual.
    for horizon in _HORIZONS:
        first = int(np.searchsorted(track.times, end - horizon))
        if first <= usual.count or len(track) - first < 4:
            continue
        then = median(track.values[first - 2 : first + 1])
        ratio = (level - then) / max(wander(usual, horizon), usual.scale / 2, 1e-12)
        if abs(ratio) > abs(best):
            best, began = ratio, first
    if abs(best) < RUSH:
        return None
    sign = 1.0 if best > 0 else -1.0
    at = _onset(track, began, sign)
    onset, before = at.at, at.before
    deviation = 3 * float(np.clip(best, -10, 10))
    return DetectedChange(track, "rises" if best > 0 else "falls", track.stamp(onset), before, level, deviation, usual,
                    abrupt=_abrupt(track, onset, before, level),
                    earliest=track.stamp(at.earliest), latest=track.stamp(at.latest))  # fmt: skip


def _abrupt(track: MetricSeries, onset: float, before: float, level: float) -> bool:
    """Return whether most of the change from ``before`` to ``level`` was complete one reading after ``onset``."""
    first = int(np.searchsorted(track.times, onset))
    reached = track.values[min(first + 1, len(track) - 1)] - before
    return bool(abs(reached) >= 0.75 * abs(level - before) and reached * (level - before) > 0)


def recent_level(track: MetricSeries, end: float) -> float:
    """Return the level of a metric at ``end``: the median of its readings in the few seconds before.

    ``end`` is in seconds, like the times of ``track``. The time is short because older readings of a rising metric
    would make the level too low.
    """
    recent = track.values[track.times >= end - 4.0][-5:]
    return median(recent if len(recent) >= 3 else track.values[-3:])


def _onset(track: MetricSeries, start: int, sign: float) -> Onset:
    return locate_onset(track.times, track.values, start, sign)
