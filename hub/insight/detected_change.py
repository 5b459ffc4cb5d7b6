"""What one metric does now, against its baseline: it rises, falls, repeats one value, stays on, or goes on as usual."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hub.insight.baseline import Baseline
from hub.insight.series import MetricSeries

Doing = Literal["rises", "falls", "steady", "stuck", "stays on", "stays off", "unknown"]
"""``stuck``: repeats one value far longer than it ever did. ``stays on`` and ``stays off``: a signal that switches
holds one level for longer than it usually does. ``unknown``: too little history to compare with."""


@dataclass(frozen=True, slots=True)
class DetectedChange:
    """A metric's change. Times are epoch ms.

    Attributes:
        track: the readings of the last hours.
        onset: the most likely beginning; None for a metric that goes on as usual.
        before: the level before the onset.
        level: the level now.
        deviation: how far it is from what is usual, in sigmas of the baseline, signed.
        baseline: what is usual; None with too little history.
        adjusted: it shows only once the influence of other metrics is taken out.
        abrupt: it was there within two readings.
        ratio: of a slow change, how many times as large it is as the largest that is normal.
        shift: how far the upper level of a switching signal has moved, as a share of the distance of its levels.
        unrest: of a metric that has not changed, how near it comes to that (0 to 1).
        earliest: the last time at which the change had surely not begun.
        latest: the first time at which it surely had.
    """

    track: MetricSeries
    doing: Doing
    onset: int | None
    before: float
    level: float
    deviation: float
    baseline: Baseline | None
    adjusted: bool = False
    abrupt: bool = False
    ratio: float = 0.0
    shift: float = 0.0
    unrest: float = 0.0
    earliest: int | None = None
    latest: int | None = None

    @property
    def metric(self) -> str:
        """Return the metric's name."""
        return self.track.metric

    @property
    def change(self) -> float:
        """Return how far the level has moved."""
        return self.level - self.before

    @property
    def reading(self) -> float | None:
        """Return the newest reading, which is what pages show; None where it is an outlier among the last ones."""
        newest = float(self.track.values[-1])
        return newest if abs(newest - self.level) <= 0.5 * abs(self.change) else None

    @property
    def moved(self) -> bool:
        """Return whether it does anything unusual."""
        return self.doing not in ("steady", "unknown")
