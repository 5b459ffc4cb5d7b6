"""Find when metrics were unusual.

A new extreme shows that something happened. The time outside the band shows when it began and ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hub.insight.anomalies.band import MAX_METRICS, BandDetector, Flags
from hub.insight.anomalies.extremes import FEATURES, MARK, ExtremesDetector, Feature, Scores
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
        at: when the score was highest, in epoch ms.
        score: the highest score; see ``MARK`` and ``ALERT`` in :mod:`hub.insight.anomalies.extremes`.
        feature: what was most unusual about the metric: its value, step, level, noise or shift.
        reached: how large this feature was at ``at``.
        low, high: the range in which this feature was before.
        learned_ms: the length in ms of the time from which this range was learned.
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

    All tracks belong to one device. They should hold some days, with a reading every few minutes: with less than a day
    of history, every morning would look unusual. Texts and booleans are left out, and so are metrics after the first
    64.
    """
    numbers = [track for track in tracks if track.kind == "number" and len(track)][:MAX_METRICS]
    scored = [(track, ExtremesDetector().update(track.values)) for track in numbers]
    marked = [
        (track, scores, marks)
        for track, scores in scored
        if len(marks := np.flatnonzero((scores.score >= MARK) & (track.times >= track.seconds(since))))
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
    """Return the first and the last index of the stretch of readings outside the band at index ``mark``.

    ``outside`` is True for each reading outside the expected band. If reading ``mark`` is inside the band, the stretch
    that begins within the next :data:`_LAG` readings is taken. If there is none, both indices are ``mark``.
    """
    near = np.flatnonzero(outside[mark : mark + _LAG + 1])
    if not len(near):
        return mark, mark
    calm = np.flatnonzero(~outside)
    inside = mark + int(near[0])
    before, after = calm[calm < inside], calm[calm > inside]
    return int(before[-1]) + 1 if len(before) else 0, int(after[0]) - 1 if len(after) else len(outside) - 1
