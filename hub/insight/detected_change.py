"""The change of one metric, compared with its baseline: it rises, falls, is stuck, stays on or off, or is steady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.insight.baseline import Baseline
from hub.insight.series import MetricSeries

Doing = Literal["rises", "falls", "steady", "stuck", "stays on", "stays off", "unknown"]
"""``stuck``: the metric repeats one value for far longer than ever before. ``stays on`` and ``stays off``: a switching
signal keeps one level for longer than usual. ``unknown``: there is too little history to compare with.
"""


@dataclass(frozen=True, slots=True)
class DetectedChange:
    """The change of one metric. Times are epoch ms.

    Attributes:
        track: the readings of the last hours.
        doing: what the metric does.
        onset: the most likely beginning; None for a steady metric. A steady switch is the exception: its onset is the
            beginning of its present state, from which :func:`related_changes.alarming_state` makes a change if the
            switch has an alert. It is None if the readings do not show when the state began.
        before: the level before the onset.
        level: the level now.
        deviation: the signed distance from the normal level, in sigmas of the baseline.
        baseline: the normal behaviour; None with too little history.
        adjusted: the change shows only after removing the influence of other metrics.
        conditional: the change shows only in comparison with readings under similar operating conditions. Then
            ``before`` is the level that is usual under the present conditions.
        abrupt: the change was complete within two readings.
        ratio: for a slow change, its size divided by the largest normal change; else 0.
        shift: the change of the upper level of a switching signal, as a fraction of the distance between its levels.
        unrest: for a steady metric, how close it is to counting as changed, from 0 to 1.
        earliest: the last time at which the change had certainly not begun.
        latest: the earliest time at which the change had certainly begun.
    """

    track: MetricSeries
    doing: Doing
    onset: int | None
    before: float
    level: float
    deviation: float
    baseline: Baseline | None
    adjusted: bool = False
    conditional: bool = False
    abrupt: bool = False
    ratio: float = 0.0
    shift: float = 0.0
    unrest: float = 0.0
    earliest: int | None = None
    latest: int | None = None

    @property
    def metric(self) -> str:
        return self.track.metric

    @property
    def change(self) -> float:
        """Return the change of the level: positive for a rise, negative for a fall."""
        return self.level - self.before

    @property
    def reading(self) -> float | None:
        """Return the newest reading, as the dashboard shows it; None if it is an outlier among the last readings."""
        newest = float(self.track.values[-1])
        return newest if abs(newest - self.level) <= 0.5 * abs(self.change) else None

    @property
    def moved(self) -> bool:
        """Return whether the metric has changed."""
        return self.doing not in ("steady", "unknown")
