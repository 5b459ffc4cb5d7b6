"""Detect how each metric has changed, and which of the changes belong to the trouble.

The trouble is what the diagnosis explains: an alert, or a limit that is exceeded.

1. Each metric is searched on three horizons: its readings of the last hours (fast_changes.py), its week, and the weeks
   before (slow_changes.py). Week and weeks are also searched without the influence of operating conditions
   (metric_history.py). If a change is found on several horizons, the one that lies completely within its horizon is
   taken.
2. Steady metrics are searched again after removing the influence of the others.
3. A change does not belong to the trouble if it also happened while nothing was wrong (normal_changes.py), or if it
   began long before the trouble.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np

from hub.insight.baseline import at_same_state, baseline, baseline_end, wander
from hub.insight.detected_change import DetectedChange
from hub.insight.fast_changes import BELIEVABLE, RUSH, detect_fast_change, detect_shift, recent_level
from hub.insight.metric_history import HistoricalChange, MetricHistory
from hub.insight.normal_changes import is_normal_change, is_normal_stay
from hub.insight.onset import Onset, locate_onset
from hub.insight.series import MetricSeries
from hub.insight.statistics import median

_OWN_RATIO, _OTHER_RATIO, _CALM_RATIO = 0.9, 1.2, 3.0
"""A slow change must be at least this many times the largest normal change.

The values are for a metric in trouble, for the other metrics, and for all metrics if there is no trouble.
"""
_MIN_READINGS = 30
_MOST_ADJUSTED = 1_800
_STRONG_RATIO = 6.0
"""A change of at least this ratio to the largest normal change may be the cause even if it began long before."""
_LEADING_RATIO = 2.0
"""A slow change that began shortly before the trouble may be its cause only if its ratio is at least this."""
_LEAD_MS = 600_000
"""A cause may begin this long before the trouble; or as long before as the trouble has lasted, if that is longer."""


def detect_changes(
    tracks: Mapping[str, MetricSeries],
    moment: int,
    week: Mapping[str, MetricSeries] | None = None,
    troubled: Collection[str] = (),
    weeks: Mapping[str, MetricSeries] | None = None,
    ranks: Mapping[str, int] | None = None,
) -> dict[str, DetectedChange]:
    """Return the change of each metric, by the metric's name. Metrics with texts are left out.

    Args:
        tracks: Readings of the last hours, by metric.
        moment: The latest possible beginning of the trouble, epoch ms.
        week: Means of the last seven days, by metric.
        troubled: Metrics that have an alert or are beyond a limit.
        weeks: Means of the last weeks, by metric.
        ranks: The rank of each metric as an operating condition; see :func:`operating_state.rank_of_condition`.
    """
    past = MetricHistory(week or {}, weeks or {}, ranks or {})
    # Without trouble only a strong change counts, since nothing else says that anything is wrong.
    ratio = _OTHER_RATIO if troubled else _CALM_RATIO
    found = {
        name: _on_both(track, past, moment, _OWN_RATIO if name in troubled else ratio)
        for name, track in tracks.items()
        if track.kind != "text" and len(track)
    }
    found = _against_conditions(found, past, moment, troubled, ratio)
    # Only steady metrics explain others: one that has changed would explain the trouble away.
    quiet = [m.track for m in found.values() if m.doing == "steady" and m.track.kind == "number"]
    for name, seen in list(found.items()):
        if seen.doing == "steady" and seen.baseline is not None and seen.baseline.levels is None:
            found[name] = _beyond_state(seen, [track for track in quiet if track.metric != name], moment)
    found = _related(found, past.week, moment, troubled)
    began = min(
        (m.onset for m in found.values() if m.moved and m.onset is not None and m.doing != "stuck"), default=None
    )
    return {name: seen if seen.moved else _unrest(seen, began) for name, seen in found.items()}


def _on_both(track: MetricSeries, past: MetricHistory, moment: int, least: float) -> DetectedChange:
    """Return how one metric has changed, by its readings of the last hours or by the weeks before.

    A change that lies completely in the last hours (``track``) is preferred, because its time is known more exactly.
    For a slower change in ``past``, ``least`` is the minimum size, as a multiple of the largest normal change.
    """
    fast = detect_fast_change(track, moment)
    if track.kind != "number" or fast.doing == "stuck":
        return fast
    found = past.search(track.metric, moment, least)
    slow = _slow_change(track, found, moment) if found is not None else None
    if slow is None:
        return fast
    # A change that began within the hours is located more exactly there.
    begins_late = fast.baseline is not None and (slow.onset or 0) > track.stamp(fast.baseline.end)
    return fast if fast.doing in ("rises", "falls") and begins_late else slow


def _against_conditions(
    found: Mapping[str, DetectedChange], past: MetricHistory, moment: int, troubled: Collection[str], ratio: float
) -> dict[str, DetectedChange]:
    """Look for each change again without the influence of operating conditions. Return all changes, updated.

    Operating conditions are the metrics that are steady themselves. A change that they explain becomes "steady": a
    motor that gets warmer under a higher load has not changed. A change that shows only without their influence is
    added: a motor that gets as warm under less load has changed.
    """
    result = dict(found)
    for name in sorted(found, key=lambda each: past.ranks.get(each, 0)):
        seen = found[name]
        if seen.track.kind != "number" or seen.doing in ("stuck", "unknown"):
            continue
        steady = [each for each, m in result.items() if m.doing == "steady" and each not in troubled]
        least = _OWN_RATIO if name in troubled else ratio
        hidden = past.search_against_conditions(name, moment, least, steady)
        slow = _slow_change(seen.track, hidden, moment) if hidden is not None else None
        if slow is not None and (not seen.moved or 0 < seen.ratio < slow.ratio):
            result[name] = slow
        elif (
            hidden is None
            and seen.doing in ("rises", "falls")
            and name not in troubled
            and seen.onset is not None
            and past.is_explained(name, seen.earliest or seen.onset, moment, seen.change, steady)
        ):
            result[name] = replace(seen, doing="steady", onset=None)
    return result


def _slow_change(track: MetricSeries, found: HistoricalChange, moment: int) -> DetectedChange | None:
    history, change = found.history, found.change
    usual = baseline(history, change.end)
    if usual is None:
        return None
    # The history and the readings count seconds from different origins.
    ahead = (history.origin - track.origin) / 1000
    end = usual.end + ahead
    before_end = int(np.searchsorted(track.times, end, side="right"))
    usual = replace(usual, start=usual.start + ahead, end=end, count=before_end)  # times and count as in the track
    sign = 1.0 if change.deviation > 0 else -1.0
    times = history.times[: len(change.rest)]
    onset = locate_onset(times, change.rest, int(np.searchsorted(times, change.end)), sign)
    level = recent_level(track, float(track.times[-1]))
    if found.conditional:
        series, before = history, level - change.size
    else:
        series, onset = _refined(track, moment, sign, history, onset)
        before = float(np.interp(onset.at, series.times, series.values))
        if sign * (level - before) <= 0:
            return None  # unusual for the hour, but not in the direction in which it moves
    return DetectedChange(
        track,
        "rises" if sign > 0 else "falls",
        series.stamp(onset.at),
        before,
        level,
        change.deviation,
        usual,
        conditional=found.conditional,
        ratio=change.ratio,
        earliest=series.stamp(onset.earliest),
        latest=series.stamp(onset.latest),
    )


def _refined(
    track: MetricSeries, moment: int, sign: float, week: MetricSeries, onset: Onset
) -> tuple[MetricSeries, Onset]:
    """Find the begin of a change more exactly than it was found in the history of a week.

    ``onset`` is the begin in ``week``, the coarse history. It is searched again in the readings of ``track`` before
    ``moment``. Return the series in which it was found, and the begin. If the readings do not reach back to ``onset``,
    or do not confirm it, these are ``week`` and ``onset``.
    """
    readings = track.until(moment)
    low, high = (readings.seconds(week.stamp(each)) for each in (onset.earliest, onset.latest))
    if readings is week or len(readings) < _MIN_READINGS or readings.times[0] > 2 * low - readings.times[-1]:
        return week, onset
    start = int(np.searchsorted(readings.times, (low + high) / 2))
    found = locate_onset(readings.times, readings.values, start, sign)
    return (readings, found) if low <= found.at <= high else (week, onset)


def _related(
    found: Mapping[str, DetectedChange], week: Mapping[str, MetricSeries], moment: int, troubled: Collection[str]
) -> dict[str, DetectedChange]:
    """Return all changes. Those that do not belong to the trouble are returned as "steady".

    The trouble is what the diagnosis explains: an alert or an exceeded limit of the metrics ``troubled``. If there is
    trouble, only changes that began before it can become steady: those that began long before and are not very unusual,
    and those that began shortly before and are normal or weak. If there is no trouble, every normal change becomes
    steady.
    """
    own = [m for name, m in found.items() if name in troubled and m.moved and m.onset is not None]
    began = min((m.earliest or m.onset or 0 for m in own), default=None)
    # The longer the trouble lasts, the earlier its cause may have begun.
    lead = max(moment - began, _LEAD_MS) if began is not None else 0

    def belongs(name: str, m: DetectedChange) -> bool:
        if not m.moved or m.onset is None or m.doing == "stuck" or name in troubled:
            return True
        if began is None:
            return name not in week or not _is_normal(m, week[name], moment)
        if m.onset < began - lead:
            # Long before the trouble: only a change that is very unusual in itself can be its cause.
            return m.ratio >= _STRONG_RATIO
        if m.onset < began and 0 < m.ratio < _LEADING_RATIO:
            return False
        if m.conditional:
            return True  # normal variation is already taken out
        return m.onset >= began or name not in week or not _is_normal(m, week[name], moment)

    return {name: m if belongs(name, m) else replace(m, doing="steady", onset=None) for name, m in found.items()}


def _is_normal(m: DetectedChange, week: MetricSeries, moment: int) -> bool:
    onset = m.onset or moment
    end = max(moment, onset + 1)
    if m.doing in ("rises", "falls"):
        return is_normal_change(week, m.earliest or onset, m.level, m.change, end)
    split = m.baseline.levels.split if m.baseline and m.baseline.levels else 0.5
    return not m.shift and is_normal_stay(week, onset, split, on=m.doing == "stays on", end=end)


def _unrest(seen: DetectedChange, began: int | None) -> DetectedChange:
    """Return the result for a steady metric with the field ``unrest`` set.

    ``unrest`` says how far the metric has moved without counting as changed: 1 is the movement that would count as a
    change. The movement is counted from ``began`` (epoch ms), when the other metrics began to change. If that is None,
    it is the distance from the usual value.
    """
    usual, track = seen.baseline, seen.track
    if usual is None or usual.levels is not None or track.kind != "number":
        return seen
    if began is None:
        return replace(seen, unrest=abs(seen.deviation) / max(3.5, 1.3 * usual.band))
    first = min(int(np.searchsorted(track.times, track.seconds(began))), len(track) - 1)
    then = median(track.values[max(first - 4, 0) : first + 1])
    elapsed = float(track.times[-1] - track.times[first])
    return replace(seen, unrest=abs(seen.level - then) / max(RUSH * wander(usual, elapsed), usual.scale, 1e-12))


def _beyond_state(seen: DetectedChange, companions: Iterable[MetricSeries], moment: int) -> DetectedChange:
    """Search for a change of a metric that seemed steady, after removing what other metrics explain of its variation.

    ``companions`` are these other metrics, which are steady. ``moment`` is the latest possible beginning of the change
    in epoch ms. Return the change that is found, or ``seen`` (the metric as steady) if there is none.
    """
    # Use means of a few readings each: the regression is the costliest step, and its result is the same.
    count = -(-len(seen.track) // _MOST_ADJUSTED)
    track = seen.track.averaged(count) if count > 1 else seen.track
    end = baseline_end(track, moment)
    adjusted = at_same_state(track, list(companions), end)
    usual = baseline(adjusted, end) if adjusted is not None else None
    if adjusted is None or usual is None or seen.baseline is None:
        return seen
    moved = detect_shift(adjusted, usual)
    if not moved.moved or abs(moved.deviation) < 2 * BELIEVABLE:
        return seen
    # The change must show in the metric itself as well. Otherwise one faulty companion would seem to move all others.
    start = int(np.searchsorted(seen.track.times, seen.track.seconds(moved.onset or 0)))
    before = median(seen.track.values[max(start - 10, 0) : max(start, 1)])
    if (seen.level - before) * moved.change <= 0 or abs(seen.level - before) < 0.3 * abs(moved.change):
        return seen
    return replace(moved, track=seen.track, baseline=seen.baseline, before=before, level=seen.level, adjusted=True)
