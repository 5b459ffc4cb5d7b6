"""What one metric does now, against its baseline: it rises, falls, stands still, switches, or goes on as usual."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hub.insight.baseline import Baseline, at_same_state, baseline, baseline_end, wander
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import MAD_TO_SIGMA, cusum, median, runs, smooth, spread, weights

Doing = Literal["rises", "falls", "steady", "stuck", "stays on", "stays off", "unknown"]
"""``stuck``: repeats one value far longer than it ever did. ``stays on`` and ``stays off``: a signal that switches
holds one level for longer than it usually does. ``unknown``: too little history to tell."""

_RECENT_S = 12.0
_BELIEVABLE = 3.0
_HORIZONS = (10.0, 25.0, 60.0, 150.0, 400.0)
_RUSH = 2.2


@dataclass(frozen=True, slots=True)
class DetectedChange:
    """``onset`` and ``now`` in ms; ``before`` and ``level`` are the metric before the onset and now; ``deviation`` is
    in sigmas of the baseline. ``adjusted`` says that it shows only against the operating state, ``abrupt`` that it
    was there within two readings; ``shift`` is how far the high level of a switching signal has moved, as a fraction
    of the distance between its levels; ``unrest``, of a metric that has not moved, how near it comes to having moved
    (0 to 1)."""

    track: MetricSeries
    doing: Doing
    onset: int | None
    before: float
    level: float
    deviation: float
    baseline: Baseline | None
    adjusted: bool = False
    abrupt: bool = False
    shift: float = 0.0
    unrest: float = 0.0

    @property
    def metric(self) -> str:
        return self.track.metric

    @property
    def change(self) -> float:
        return self.level - self.before

    @property
    def reading(self) -> float | None:
        """The newest reading as it came, which is what pages show; None where it stands apart from those before it."""
        newest = float(self.track.values[-1])
        return newest if abs(newest - self.level) <= 0.5 * abs(self.change) else None

    @property
    def moved(self) -> bool:
        return self.doing not in ("steady", "unknown")


def detect_changes(tracks: Mapping[str, MetricSeries], moment: int) -> dict[str, DetectedChange]:
    """Every metric's movement, for trouble that was seen at ``moment`` (ms). Texts are left out."""
    found = {
        name: detect_change(track, moment) for name, track in tracks.items() if track.kind != "text" and len(track)
    }
    quiet = [m.track for m in found.values() if m.doing == "steady" and m.track.kind == "number"]
    for name, seen in list(found.items()):
        if seen.doing == "steady" and seen.baseline is not None and seen.baseline.levels is None:
            found[name] = _beyond_state(seen, [track for track in quiet if track.metric != name], moment)
    began = min(
        (m.onset for m in found.values() if m.moved and m.onset is not None and m.doing != "stuck"), default=None
    )
    return {name: seen if seen.moved else _unrest(seen, began) for name, seen in found.items()}


def _unrest(seen: DetectedChange, began: int | None) -> DetectedChange:
    """How far a metric that has not moved still went since the others began to, against its usual wandering."""
    usual, track = seen.baseline, seen.track
    if usual is None or usual.levels is not None or track.kind != "number":
        return seen
    if began is None:
        return replace(seen, unrest=abs(seen.deviation) / max(3.5, 1.3 * usual.band))
    first = min(int(np.searchsorted(track.times, track.seconds(began))), len(track) - 1)
    then = median(track.values[max(first - 4, 0) : first + 1])
    elapsed = float(track.times[-1] - track.times[first])
    return replace(seen, unrest=abs(seen.level - then) / max(_RUSH * wander(usual, elapsed), usual.scale, 1e-12))


def detect_change(track: MetricSeries, moment: int) -> DetectedChange:
    """One metric alone."""
    usual = baseline(track, baseline_end(track, moment))
    if usual is None or len(track) - usual.count < 2:
        return _of_few(track, usual)
    if track.kind == "boolean" or usual.levels is not None:
        return _switching(track, usual)
    stood = _stuck(track, usual)
    return stood if stood is not None else _shifted(track, usual)


def _of_few(track: MetricSeries, usual: Baseline | None) -> DetectedChange:
    level = float(track.values[-1])
    return DetectedChange(track, "unknown", None, level, level, 0.0, usual)


def _shifted(track: MetricSeries, usual: Baseline) -> DetectedChange:
    """CUSUM in both directions over what came after the baseline."""
    times, values = track.times[usual.count :], smooth(track.values[usual.count - 1 :])[1:]
    deviations = usual.deviations(times, values)
    interval = median(np.diff(times[-10:]))
    last = deviations[times >= times[-1] - max(_RECENT_S, 2 * interval)]
    deviation = median(last[-max(3, len(last) // 2) :])
    sign = 1.0 if deviation >= 0 else -1.0
    total = cusum(sign * deviations, weights(times), usual.band)
    level = _recent(track, times[-1])
    rest = DetectedChange(track, "steady", None, usual.level, level, deviation, usual)
    if total[-1] <= usual.threshold(interval) or abs(deviation) < _BELIEVABLE:
        return _rushed(track, usual) or rest
    start = int(np.flatnonzero(total == 0)[-1]) if np.any(total == 0) else 0
    onset, before = _onset(track, usual.count + start, sign)
    if sign * (level - before) < 1.7 * wander(usual, float(times[-1]) - onset):
        return _rushed(track, usual) or rest
    return DetectedChange(track, "rises" if sign > 0 else "falls", track.stamp(onset), before, level, deviation, usual,
                    abrupt=_abrupt(track, onset, before, level))  # fmt: skip


def _rushed(track: MetricSeries, usual: Baseline) -> DetectedChange | None:
    """A change that stays within the usual band but came far faster than the metric ever moved: the band of a signal
    that follows the day is wide, the pace of the day is slow."""
    end, level = float(track.times[-1]), _recent(track, float(track.times[-1]))
    best, began = 0.0, 0
    for horizon in _HORIZONS:
        first = int(np.searchsorted(track.times, end - horizon))
        if first <= usual.count or len(track) - first < 4:
            continue
        then = median(track.values[first - 2 : first + 1])
        ratio = (level - then) / max(wander(usual, horizon), usual.scale / 2, 1e-12)
        if abs(ratio) > abs(best):
            best, began = ratio, first
    if abs(best) < _RUSH:
        return None
    sign = 1.0 if best > 0 else -1.0
    onset, before = _onset(track, began, sign)
    deviation = 3 * float(np.clip(best, -10, 10))
    return DetectedChange(track, "rises" if best > 0 else "falls", track.stamp(onset), before, level, deviation, usual,
                    abrupt=_abrupt(track, onset, before, level))  # fmt: skip


def _abrupt(track: MetricSeries, onset: float, before: float, level: float) -> bool:
    """Whether most of the change was there by the reading after the onset, and the level has held since."""
    first = int(np.searchsorted(track.times, onset))
    reached = track.values[min(first + 1, len(track) - 1)] - before
    return bool(abs(reached) >= 0.75 * abs(level - before) and reached * (level - before) > 0)


def _recent(track: MetricSeries, end: float) -> float:
    """The level now: the median of the last few seconds, so that a ramp's end counts more than its way."""
    recent = track.values[track.times >= end - 4.0][-5:]
    return median(recent if len(recent) >= 3 else track.values[-3:])


def _onset(track: MetricSeries, start: int, sign: float) -> tuple[float, float]:
    """Sharpen the onset: from half-way up, back to the last reading that was still within the noise of the level
    before.

    Gives the time (track seconds) and the level before it.
    """
    times, values = track.times, smooth(track.values)
    first = max(int(np.searchsorted(times, times[start] - 60.0)), 0)
    calm = values[max(first - 30, 0) : max(first, 1)]
    before = median(calm)
    noise = MAD_TO_SIGMA * median(np.abs(np.diff(track.values[: start + 1]))) / 1.4 if start else 0.0
    risen = sign * (values[first:] - before)
    half = first + int(np.argmax(risen >= 0.5 * max(float(risen[-3:].max()), 1e-12)))
    quiet = max(2.5 * noise, 0.04 * float(risen.max(initial=0.0)))
    still = np.flatnonzero(risen[: half - first + 1] <= quiet)
    index = min(first + int(still[-1]) + 1, len(times) - 1) if len(still) else first
    onset, climbed = float(times[index]), float(risen[index - first])
    run, rise = float(times[half]) - onset, float(risen[half - first]) - climbed
    if run > 0 and rise > 0:
        # A ramp was on its way before it left the noise: go back along it to the level it came from.
        onset = max(onset - min(climbed * run / rise, 30.0), float(times[first]))
    return onset, before


def _stuck(track: MetricSeries, usual: Baseline) -> DetectedChange | None:
    """A value that repeats itself far longer than ever while it was known to change."""
    changes = np.flatnonzero(np.diff(track.values))
    first = int(changes[-1]) + 1 if len(changes) else 0
    points, seconds = len(track) - first, float(track.times[-1] - track.times[first])
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
    """At the end of its range a signal may rest: light at night, a valve that is shut. It has been seen to rest, at
    this very value if not for long; or it came to nothing, or to all there is, and no faster than it goes. A value that
    sticks does so anywhere."""
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
    """The longest time it stood still before reading ``first``. A history coarser than the live readings overstates
    that, so live readings at the present rate count alone where there are enough of them."""
    interval = median(np.diff(track.times[first:]))
    steps = np.diff(track.times[:first])
    slower = np.flatnonzero(steps > 2 * interval)
    live = int(slower[-1]) + 1 if len(slower) else 0
    if first - live >= 25:
        return float(runs(track.times[live:first], track.values[live:first]).lengths.max()) + interval
    return min(usual.still, 400.0)


def _switching(track: MetricSeries, usual: Baseline) -> DetectedChange:
    """A signal of two levels: is it on one of them for longer than it usually stays, and has the level itself moved?"""
    split = usual.levels.split if usual.levels else 0.5
    low = usual.levels.low if usual.levels else 0.0
    if usual.levels is not None:
        # Halfway between the levels is too high for one whose upper level sinks.
        split = low + 0.25 * (usual.levels.high - low)
    states = (track.values > split).astype(np.float64)
    found = runs(track.times, states)
    on = bool(found.states[-1])
    first, length = int(found.starts[-1]), float(track.times[-1] - track.times[int(found.starts[-1])])
    shift = _shift(track, usual, states, first) if on else 0.0
    before = float(track.values[first - 1]) if first else float(track.values[0])
    ratio = _overstay(usual, on, length) if len(found.starts) > 1 else 0.0
    if ratio < 1.3 and abs(shift) < 0.15:
        onset = track.at(first) if len(found.starts) > 1 else None
        return DetectedChange(track, "steady", onset, before, float(track.values[-1]), 0.0, usual, shift=shift)
    level = median(track.values[first:][-15:])
    deviation = max(min(4 * ratio, 30.0) if ratio >= 1.3 else 0.0, min(abs(shift) * 30, 20.0))
    return DetectedChange(
        track, "stays on" if on else "stays off", track.at(first), before, level, deviation, usual, shift=shift
    )


def _overstay(usual: Baseline, on: bool, length: float) -> float:
    """The present stay over the longest one known; what has been seen only once or twice must be exceeded by far."""
    stays = usual.stays_high if on else usual.stays_low
    if not len(stays):
        return 10.0
    return length / max(float(stays.max()), 1.0) / (1.0 if len(stays) > 4 else 1.5 if len(stays) > 2 else 3.0)


def _shift(track: MetricSeries, usual: Baseline, states: Floats, first: int) -> float:
    """How far the upper level of the present run lies from the usual one, as a fraction of the distance of the
    levels."""
    if usual.levels is None or len(track) - first < 5:
        return 0.0
    high = track.values[: usual.count][states[: usual.count] == 1]
    gap = usual.levels.high - usual.levels.low
    shift = (median(track.values[first:][-15:]) - median(high)) / gap
    return shift if abs(shift) * gap > 3 * spread(high) else 0.0


def _beyond_state(seen: DetectedChange, companions: Iterable[MetricSeries], moment: int) -> DetectedChange:
    """Look again at a steady metric with the influence of its steady companions taken out."""
    end = baseline_end(seen.track, moment)
    adjusted = at_same_state(seen.track, list(companions), end)
    usual = baseline(adjusted, end) if adjusted is not None else None
    if adjusted is None or usual is None or seen.baseline is None:
        return seen
    moved = _shifted(adjusted, usual)
    if not moved.moved or abs(moved.deviation) < 2 * _BELIEVABLE:
        return seen
    # It must show in the metric itself as well: a companion that errs would else move everything it explains.
    start = int(np.searchsorted(seen.track.times, seen.track.seconds(moved.onset or 0)))
    before = median(seen.track.values[max(start - 10, 0) : max(start, 1)])
    if (seen.level - before) * moved.change <= 0 or abs(seen.level - before) < 0.3 * abs(moved.change):
        return seen
    return replace(moved, track=seen.track, before=before, level=seen.level, adjusted=True)
