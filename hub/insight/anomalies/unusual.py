"""Find the periods in which the metrics of a device were unusual.

A new extreme shows that something happened. The time for which the metric is outside its band shows when it began and
ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hub.insight.anomalies.band import MAX_METRICS, BandDetector, Flags
from hub.insight.anomalies.extremes import FEATURES, UNUSUAL_SCORE, ExtremesDetector, Feature, Scores
from hub.insight.series import MetricSeries

_LAG = 5
"""After a new extreme, the median of the band detector leaves the band within this many readings."""


@dataclass(frozen=True, slots=True)
class UnusualPeriod:
    """A period in which a metric was unusual.

    Attributes:
        metric: the metric.
        unit: the metric's unit.
        start: when the period began, in epoch ms.
        end: when the period ended, in epoch ms; None if it continues.
        at: the time of the reading with the highest score, in epoch ms.
        score: the highest score; see ``UNUSUAL_SCORE`` and ``ALERT_SCORE`` in :mod:`hub.insight.anomalies.extremes`.
        feature: what was most unusual about the metric: its value, step, level, noise or shift.
        reached: the value of this feature at ``at``.
        low, high: the range of this feature in the readings before.
        learned_ms: how long these readings span, in ms.
    """

    metric: str
    unit: str | None
    start: int
    end: int | None
    at: int
    score: float
    feature: Feature
    reached: float
    low: float
    high: float
    learned_ms: int


def unusual_periods(tracks: Sequence[MetricSeries], since: int) -> list[UnusualPeriod]:
    """Return the unusual periods since ``since`` (epoch ms), at most one for each metric, highest score first.

    All tracks belong to one device. They should span several days, with a reading every few minutes: with less than a
    day of history, every morning would look unusual. Metrics with texts or booleans are left out, and so are all
    metrics after the first 64.
    """
    numbers = [track for track in tracks if track.kind == "number" and len(track)][:MAX_METRICS]
    scored = [(track, ExtremesDetector().update(track.values)) for track in numbers]
    marked = [
        (track, scores, marks)
        for track, scores in scored
        if len(marks := np.flatnonzero((scores.score >= UNUSUAL_SCORE) & (track.times >= track.seconds(since))))
    ]
    found = [_period(track, scores, marks.tolist()) for track, scores, marks in marked]
    return sorted(found, key=lambda period: (-period.score, period.metric))


def _period(track: MetricSeries, scores: Scores, marks: list[int]) -> UnusualPeriod:
    peak = max(marks, key=lambda at: float(scores.score[at]))
    outside = BandDetector(1).update(track.values[:, np.newaxis]).anomalous[:, 0]
    first, last = _run(outside, marks[0])[0], _run(outside, marks[-1])[1]
    return UnusualPeriod(
        metric=track.metric,
        unit=track.unit,
        start=track.at(min(first, marks[0])),
        end=None if last == len(track) - 1 else track.at(max(last, marks[-1])),
        at=track.at(peak),
        score=float(scores.score[peak]),
        feature=FEATURES[scores.feature[peak]],
        reached=float(scores.reached[peak]),
        low=float(scores.low[peak]),
        high=float(scores.high[peak]),
        learned_ms=track.at(peak) - track.at(0),
    )


def _run(outside: Flags, mark: int) -> tuple[int, int]:
    """Return the first and the last index of the run of readings outside the band that index ``mark`` belongs to.

    ``outside`` is True for each reading outside the usual band. If reading ``mark`` is inside the band, the run that
    begins within the next :data:`_LAG` readings is returned. If there is no such run, both indices are ``mark``.
    """
    near = np.flatnonzero(outside[mark : mark + _LAG + 1])
    if not len(near):
        return mark, mark
    calm = np.flatnonzero(~outside)
    inside = mark + int(near[0])
    before, after = calm[calm < inside], calm[calm > inside]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) - 1 if len(after) else len(outside) - 1
