"""Compare a machine that is switched on and off with itself at times at which it ran as it does now.

At standstill every metric differs from operation: a conveyor at night draws no current, and its motor is cold. Mixed
together, both states hide a fault. So the times of standstill are left out of the history of a machine that runs now.

While a machine warms up, its metrics move although nothing is wrong. So a machine that started a short while ago is
compared with its earlier starts, at the same time after each start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hub.insight.metric_semantics import MetricSemantics
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import percentile

_QUANTITIES = ("running", "speed", "frequency", "current", "power", "flow", "load")
"""What tells whether a machine runs, the best first."""
_PARTS = frozenset(("heating", "valve", "damper", "battery", "mains", "door", "vent"))
"""Parts of a machine that may be on or off while it runs."""
_ON, _FULLY_ON = 0.1, 0.9
"""A machine is on above this share of its usual upper level; a mean of a switch must be at least the second number."""
_MIN_SHARE = 0.05
"""On and off must each make up at least this share of the history."""
_LONG_RUN = 6
"""A machine that keeps its state for fewer means than this on average is a cycling one, such as a thermostat."""
_KEPT = 48
"""The least number of means that must be left when standstill is removed."""
_WARM_UP_S = 4 * 3_600.0
_SHORTEST_STOP_S = 1_800.0
"""A shorter standstill does not let a machine cool down."""
_EARLIER_STARTS = 3
_SHIFT_S = 600.0
"""How exactly earlier starts are known, in seconds: the width of a mean."""


@dataclass(frozen=True, slots=True)
class RunningTime:
    """When a machine ran, learned from its metric ``metric``. Times are epoch seconds.

    Attributes:
        metric: the metric that tells whether the machine runs.
        times: the times of the means in the history of the metric.
        on: whether the machine was on, for each of ``times``.
        started: when the machine was started for the last time.
        stopped_s: how long it had stood still before, in seconds.
    """

    metric: str
    times: Floats
    on: npt.NDArray[np.bool_]
    started: float
    stopped_s: float

    def part_of(self, series: MetricSeries) -> MetricSeries:
        """Return the readings during which the machine ran; those next to a start or a stop are left out.

        Return the whole series if too few readings would be left, or if it has texts.
        """
        if series.kind == "text" or not len(series):
            return series
        whole = self.on.copy()
        whole[1:] &= self.on[:-1]
        whole[:-1] &= self.on[1:]
        whole[-1] = self.on[-1]
        nearest = np.searchsorted((self.times[1:] + self.times[:-1]) / 2, series.times + series.origin / 1000)
        kept = whole[nearest]
        if np.count_nonzero(kept) < _KEPT or kept.all():
            return series
        times, values = series.times[kept], series.values[kept]
        return MetricSeries(series.metric, series.unit, series.kind, series.origin, times, values, series.words)

    def since_start(self, now: float) -> float:
        """Return for how many seconds the machine has run at ``now`` (epoch seconds)."""
        return now - self.started

    def is_warming_up(self, now: float) -> bool:
        """Return whether the machine was started a short while ago, after a standstill that let it cool down."""
        return self.since_start(now) < _WARM_UP_S and self.stopped_s >= _SHORTEST_STOP_S

    def usual_range(self, history: MetricSeries, now: float) -> tuple[float, float] | None:
        """Return the lowest and the highest value after earlier starts, at the same time after the start as ``now``.

        ``history`` has the metric's values of the last week. Return None if there were too few comparable starts.
        """
        times = history.times + history.origin / 1000
        begins = np.flatnonzero(self.on[1:] & ~self.on[:-1]) + 1
        ends = np.flatnonzero(~self.on[1:] & self.on[:-1]) + 1
        elapsed = self.since_start(now)
        found = []
        for begin in begins:
            start = self.times[begin]
            stops, later = ends[ends <= begin], ends[ends > begin]
            stood = start - self.times[stops[-1]] if len(stops) else np.inf
            ran = self.times[later[0]] - start if len(later) else np.inf
            is_earlier = start < self.started - _SHIFT_S
            if is_earlier and ran >= elapsed and stood >= max(_SHORTEST_STOP_S, 0.3 * self.stopped_s):
                at = start + elapsed + np.array([-_SHIFT_S, 0.0, _SHIFT_S])
                found.append(np.interp(np.maximum(at, start), times, history.values))
        if len(found) < _EARLIER_STARTS:
            return None
        return float(np.min(found)), float(np.max(found))


def running_time(
    week: Mapping[str, MetricSeries], tracks: Mapping[str, MetricSeries], semantics: Mapping[str, MetricSemantics]
) -> RunningTime | None:
    """Return when the machine ran in the last week.

    Return None if the machine does not run now, if it ran without a break, or if no metric says whether it runs.
    """
    for quantity in _QUANTITIES:
        for name, meaning in semantics.items():
            if meaning.quantity != quantity or meaning.places & _PARTS or meaning.role not in ("measured", "status"):
                continue
            if name in week and name in tracks and len(tracks[name]):
                found = _of_switch(week[name], tracks[name])
                if found is not None:
                    return found
    return None


def _of_switch(week: MetricSeries, track: MetricSeries) -> RunningTime | None:
    if week.kind == "text" or track.kind == "text" or len(week) < _KEPT:
        return None
    least = _FULLY_ON
    if track.kind == "number":
        upper = percentile(week.values, 95)[0]
        least = _ON * upper
        if upper <= 0 or float(week.values.min()) < -least:
            return None
    on = week.values > least
    share, changes = float(np.mean(on)), int(np.count_nonzero(on[1:] != on[:-1]))
    is_on = track.values > (0.5 if track.kind == "boolean" else least)
    # A number may be an outlier, a state is not: if a switch reports only changes, the reading before was the opposite.
    now_on = bool(is_on[-1] if track.kind == "boolean" else np.all(is_on[-2:]))
    if not now_on or not _MIN_SHARE <= share <= 1 - _MIN_SHARE or changes < 2 or len(on) < _LONG_RUN * changes:
        return None
    times = week.times + week.origin / 1000
    begins = np.flatnonzero(on[1:] & ~on[:-1]) + 1
    ends = np.flatnonzero(~on[1:] & on[:-1]) + 1
    on[-1] = True
    started = float(times[begins[-1]]) if len(begins) and (not len(ends) or begins[-1] > ends[-1]) else float(times[-1])
    before = ends[times[ends] < started]
    stopped = float(times[before[-1]]) if len(before) else float(times[0])
    raw = np.flatnonzero(is_on[1:] & ~is_on[:-1]) + 1
    if len(raw):  # readings are more exact than means
        started = float(track.times[raw[-1]]) + track.origin / 1000
        off = np.flatnonzero(~is_on[1:] & is_on[:-1]) + 1
        if len(off) and off[-1] < raw[-1]:
            stopped = float(track.times[off[-1]]) + track.origin / 1000
    return RunningTime(week.metric, times, on, started, max(started - stopped, 0.0))
