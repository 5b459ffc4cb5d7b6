"""Compute the band of values in which a metric is expected, extrapolated from its healthy readings.

The band comes from the same baseline as the evidence. So a chart with the band shows which values a diagnosis calls
unusual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hub.insight.baseline import Baseline, baseline
from hub.insight.series import Floats, MetricSeries

Edge = tuple[int, float, float]
"""The band at one time: ``(ts, low, high)``, in epoch ms and in the metric's unit."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected band of one metric.

    ``points`` are the band at the requested times. It was learned from ``count`` readings between ``start`` and ``end``
    (epoch ms).
    """

    start: int
    end: int
    count: int
    points: list[Edge]


def expected(track: MetricSeries, end: float, stamps: Sequence[int]) -> Expected | None:
    """Return the range in which the metric is expected at each of the times ``stamps`` (epoch ms).

    The range is learned from the readings up to ``end``, which is in seconds after the ``origin`` of ``track``. Return
    None for texts and booleans, and if there are too few readings to say what is normal.
    """
    usual = baseline(track, end) if track.kind == "number" else None
    if usual is None:
        return None
    times = (np.asarray(stamps, dtype=np.float64) - track.origin) / 1000.0
    low, high = _edges(usual, times)
    points = [(stamp, float(a), float(b)) for stamp, a, b in zip(stamps, low, high, strict=True)]
    return Expected(track.stamp(usual.start), track.stamp(usual.end), usual.count, points)


def _edges(usual: Baseline, times: Floats) -> tuple[Floats, Floats]:
    if usual.levels is not None:  # it switches: anything between its levels is usual
        flat = np.ones_like(times)
        return (usual.low - usual.scale) * flat, (usual.high + usual.scale) * flat
    level = usual.expected(times)
    # As in Baseline.deviations, the band widens after the end of the baseline, because its trend becomes uncertain.
    reach = usual.band * (usual.scale + 0.5 * abs(usual.drift) * np.maximum(times - usual.end, 0.0))
    if usual.drift:
        return level - reach, level + reach
    # The band was learned from smoothed readings. Unsmoothed readings vary a little more.
    return np.minimum(level - reach, usual.low), np.maximum(level + reach, usual.high)
