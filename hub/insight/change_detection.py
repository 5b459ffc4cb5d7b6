"""Detect how each metric has changed, and which of the changes belong to the trouble.

The trouble is what the diagnosis explains: an alert, or a limit that is exceeded.

1. Each metric is searched for a change in its readings of the last hours (fast_changes.py), in its last week, and in
   the weeks before (slow_changes.py). The week and the weeks are also searched after removing the influence of
   operating conditions (metric_history.py). If both the last hours and the longer history show a change, the last hours
   are used if they contain the whole change.
2. Steady metrics are searched again after removing the influence of the other steady metrics.
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
from hub.insight.onset import Onset, locate_onset
from hub.insight.related_changes import alarming_state, related_changes
from hub.insight.running_time import RunningTime
from hub.insight.series import MetricSeries
from hub.insight.start_up import against_earlier_starts
from hub.insight.statistics import median
from hub.insight.sudden_changes import sudden_changes

_OWN_RATIO, _OTHER_RATIO, _CALM_RATIO = 0.9, 1.2, 3.0
"""A slow change counts only if it is at least this many times the largest normal change.

The values apply to a metric in trouble, to the other metrics, and to all metrics if there is no trouble.
"""
_MIN_READINGS = 30
_MOST_ADJUSTED = 1_800


def detect_changes(
    tracks: Mapping[str, MetricSeries],
    moment: int,
    week: Mapping[str, MetricSeries] | None = None,
    troubled: Collection[str] = (),
    weeks: Mapping[str, MetricSeries] | None = None,
    ranks: Mapping[str, int] | None = None,
    running: RunningTime | None = None,
    running_weeks: RunningTime | None = None,
) -> dict[str, DetectedChange]:
    """Return the change of each metric, by the metric's name. Metrics with texts are left out.

    Args:
        tracks: Readings of the last hours, by metric.
        moment: The latest possible beginning of the trouble, in epoch ms.
        week: Means of the last seven days, by metric.
        troubled: Metrics that have an alert or are beyond a limit.
        weeks: Means of the last weeks, by metric.
        ranks: The rank of each metric as an operating condition; see :func:`operating_state.rank_of_condition`.
        running: When the machine ran in the last week; None if it does not run now, or if it never stood still.
        running_weeks: The same for the last weeks.
    """
    whole_week = week or {}
    # The trouble may be older than the last start, so only the newest reading tells whether the machine warms up now.
    newest = max((track.at(-1) for track in tracks.values() if len(track)), default=moment)
    is_warming_up = running is not None and running.is_warming_up(newest / 1000)
    if running is not None:
        week = {name: running.part_of(series) for name, series in whole_week.items()}
        if not is_warming_up:
            tracks = {name: running.part_of(track) for name, track in tracks.items()}
    if running_weeks is not None:
        weeks = {name: running_weeks.part_of(series) for name, series in (weeks or {}).items()}
    past = MetricHistory(week or {}, weeks or {}, ranks or {})
    # Without trouble, only a strong change counts, since nothing else indicates that anything is wrong.
    ratio = _OTHER_RATIO if troubled else _CALM_RATIO
    found = {
        name: _on_both(track, past, moment, _OWN_RATIO if name in troubled else ratio)
        for name, track in tracks.items()
        if track.kind != "text" and len(track)
    }
    if running is not None and is_warming_up:
        found = {name: against_earlier_starts(m, running, whole_week.get(name)) for name, m in found.items()}
    found = sudden_changes(found, past.week)
    found = _against_conditions(found, past, moment, troubled, ratio)
    # Only steady metrics may explain others: a metric that has changed would explain the trouble away.
    quiet = [m.track for m in found.values() if m.doing == "steady" and m.track.kind == "number"]
    for name, seen in [] if is_warming_up else list(found.items()):
        if seen.doing == "steady" and seen.baseline is not None and seen.baseline.levels is None:
            found[name] = _beyond_state(seen, [track for track in quiet if track.metric != name], moment)
    found = related_changes(found, past.week, moment, troubled)
    found = {name: alarming_state(m) if name in troubled else m for name, m in found.items()}
    began = min(
        (m.onset for m in found.values() if m.moved and m.onset is not None and m.doing != "stuck"), default=None
    )
    return {name: seen if seen.moved else _unrest(seen, began) for name, seen in found.items()}


def _on_both(track: MetricSeries, past: MetricHistory, moment: int, least: float) -> DetectedChange:
    """Return the change of one metric, searched both in its readings of the last hours and in its longer history.

    A change that lies completely in the last hours (``track``) is preferred, because its time is known more exactly.
    ``least`` is the minimum size of a change in the longer history (``past``), as a multiple of the largest normal
    change.
    """
    fast = detect_fast_change(track, moment)
    if track.kind != "number" or fast.doing == "stuck":
        return fast
    found = past.search(track.metric, moment, least)
    slow = _slow_change(track, found, moment) if found is not None else None
    if slow is None:
        return fast
    # The readings of the last hours tell the time of a change that began in them more exactly.
    begins_late = fast.baseline is not None and (slow.onset or 0) > track.stamp(fast.baseline.end)
    return fast if fast.doing in ("rises", "falls") and begins_late else slow


def _against_conditions(
    found: Mapping[str, DetectedChange], past: MetricHistory, moment: int, troubled: Collection[str], ratio: float
) -> dict[str, DetectedChange]:
    """Search for changes again after removing the influence of operating conditions. Return the updated changes.

    Operating conditions are metrics that are steady themselves. There are two results:

    - A change that the conditions explain becomes "steady": a motor that gets warmer because its load is higher.
    - A change that the conditions have hidden is added: a motor that gets as warm as ever although its load is lower.
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
    """Locate the onset of a change in recent readings, which are more exact than the means of the last week.

    ``onset`` was found in ``week``. It is searched again in the readings of ``track`` before ``moment``. Return the
    series in which the onset was found, and the onset. If the readings do not reach back far enough, or do not confirm
    it, return ``week`` and ``onset``.
    """
    readings = track.until(moment)
    low, high = (readings.seconds(week.stamp(each)) for each in (onset.earliest, onset.latest))
    if readings is week or len(readings) < _MIN_READINGS or readings.times[0] > 2 * low - readings.times[-1]:
        return week, onset
    start = int(np.searchsorted(readings.times, (low + high) / 2))
    found = locate_onset(readings.times, readings.values, start, sign)
    return (readings, found) if low <= found.at <= high else (week, onset)


def _unrest(seen: DetectedChange, began: int | None) -> DetectedChange:
    """Return the steady metric ``seen`` with a value for its field ``unrest``, which says how much it moves.

    ``unrest`` is the movement of the metric as a fraction of the smallest movement that would count as a change. It is
    measured from ``began`` (epoch ms), when the other metrics began to change. If ``began`` is None, it is the
    distance from the usual value.
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
    """Search for a change of a steady metric that shows only after removing the influence of other steady metrics.

    ``companions`` are these other metrics. ``moment`` is the latest possible beginning of the change, in epoch ms.
    Return the change, or ``seen`` (the metric as steady) if there is none.
    """
    # Average several readings each, because the regression is the slowest step and its result stays the same.
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
