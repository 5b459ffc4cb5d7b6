"""Find changes of switching signals: a signal stays on or off for longer than usual, or its upper level has moved."""

from __future__ import annotations

import numpy as np

from hub.insight.baseline import Baseline
from hub.insight.detected_change import DetectedChange
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import median, runs, spread

_OVERSTAYED = 1.3
"""A signal stays on (or off) for too long if it does so for this many times its longest earlier stay."""
_SHIFTED = 0.15
"""The upper level has moved if it differs by at least this fraction of the distance between the levels."""


def detect_switching_change(track: MetricSeries, usual: Baseline) -> DetectedChange:
    """Return how a signal that switches between two levels, such as on and off, has changed.

    If the signal has stayed at its present level for longer than usual, the change is "stays on" or "stays off".
    Otherwise it is "steady". In all cases ``shift`` says how far the upper level has moved; it is 0 if it has not
    moved.
    """
    split = usual.levels.split if usual.levels else 0.5
    low = usual.levels.low if usual.levels else 0.0
    if usual.levels is not None:
        # A split halfway between the levels is too high if the upper level sinks.
        split = low + 0.25 * (usual.levels.high - low)
    states = (track.values > split).astype(np.float64)
    found = runs(track.times, states)
    on = bool(found.states[-1])
    # The present run began at its first reading, and lasts at least until now.
    first, length = int(found.starts[-1]), float(track.times[-1] - track.times[int(found.starts[-1])])
    shift = _shift(track, usual, states, first) if on else 0.0
    before = float(track.values[first - 1]) if first else float(track.values[0])
    ratio = _overstay(usual, on, length) if len(found.starts) > 1 else 0.0
    level = median(track.values[first:][-15:])
    if ratio < _OVERSTAYED:
        # The signal stays no longer than usual, but its upper level may have moved.
        onset = track.at(first) if len(found.starts) > 1 else None
        shift = shift if abs(shift) >= _SHIFTED else 0.0
        return DetectedChange(
            track, "steady", onset, before, level if shift else float(track.values[-1]), 0.0, usual, shift=shift
        )
    return DetectedChange(
        track,
        "stays on" if on else "stays off",
        track.at(first),
        before,
        level,
        max(min(4 * ratio, 30.0), min(abs(shift) * 30, 20.0)),
        usual,
        shift=shift,
    )


def _overstay(usual: Baseline, on: bool, length: float) -> float:
    """Return how unusual it is that a signal has been on (or off) for ``length`` seconds.

    The result is this time divided by the longest earlier time in the same state, which ``usual`` has. It is reduced
    if there are only a few earlier times, and 10 if there is none.
    """
    stays = usual.stays_high if on else usual.stays_low
    # A state in which the signal has never been before is as unusual as possible.
    if not len(stays):
        return 10.0
    return length / max(float(stays.max()), 1.0) / (1.0 if len(stays) > 4 else 1.5 if len(stays) > 2 else 3.0)


def _shift(track: MetricSeries, usual: Baseline, states: Floats, first: int) -> float:
    """Return by how much a switching signal's upper level has moved since the reading with index ``first``.

    The result is a fraction of the usual distance between both levels. It is 0 if the movement is within the usual
    spread.
    """
    if usual.levels is None or len(track) - first < 5:
        return 0.0
    high = track.values[: usual.count][states[: usual.count] == 1]
    gap = usual.levels.high - usual.levels.low
    shift = (median(track.values[first:][-15:]) - median(high)) / gap
    return shift if abs(shift) * gap > 3 * spread(high) else 0.0
