"""Learn the normal behaviour of a metric (its baseline) from its readings before a change.

The threshold for a change comes from the baseline, too. A change counts only if the metric leaves its normal band, by
more than it ever did while it was healthy, and faster than it moved while it was healthy. So normal noise is not a
change, and no metric needs a threshold that somebody sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import (
    TwoLevels,
    cusum,
    median,
    min_spread,
    percentile,
    runs,
    slope,
    smooth,
    spread,
    two_levels,
    weights,
)

ENOUGH = 12
"""Minimum number of readings for a baseline."""
_MARGIN_S, _MARGIN_READINGS = 1200.0, 4
"""A baseline ends this many seconds, or this many readings if they span more, before the trouble was noticed.

The last readings before that moment may already be affected by the trouble.
"""
_RECENT = 20
_LEAST_DEVIATIONS = 8.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """Normal behaviour of one metric, learned while it was healthy. Times are in seconds after the series' ``origin``.

    Attributes:
        start: the time of the first reading from which the baseline was learned.
        end: the time of the last reading from which it was learned.
        count: the number of these readings.
        smoothed: these readings without single outliers.
        level: the level at ``end``.
        scale: one sigma, a robust estimate of the standard deviation, in the metric's unit.
        drift: the trend, in units per second. It is assumed to continue after ``end``.
        low: the first percentile of the readings.
        high: the 99th percentile of the readings.
        band: the largest usual deviation from the expected level, in sigmas.
        excess: the largest CUSUM of deviations beyond the band, in sigma seconds.
        levels: the two levels of a signal that switches; None for other signals.
        stays_high: how long a switching signal stayed at the upper level each time, in seconds.
        stays_low: how long it stayed at the lower level each time, in seconds.
        still: the longest time in which the value did not change, in seconds.
        still_points: the most readings in a row without a change.
        changes: how often the value changed.
    """

    start: float
    end: float
    count: int
    smoothed: Floats
    level: float
    scale: float
    drift: float
    low: float
    high: float
    band: float
    excess: float
    levels: TwoLevels | None
    stays_high: Floats
    stays_low: Floats
    still: float
    still_points: int
    changes: int

    def expected(self, times: Floats) -> Floats:
        """Return the expected level at ``times``."""
        return self.level + self.drift * (times - self.end)

    def deviations(self, times: Floats, values: Floats) -> Floats:
        """Return the distance of each value from the level that is expected at its time, in sigmas.

        After the end of the baseline, the expected level continues its trend, and one sigma grows at half the rate of
        the trend. So values that merely stop following the trend do not count as a change.
        """
        ahead = np.maximum(times - self.end, 0.0)
        return np.asarray((values - self.expected(times)) / (self.scale + 0.5 * abs(self.drift) * ahead))

    def threshold(self, interval: float) -> float:
        """Return how large the CUSUM of the deviations must be to prove a change, in sigma seconds.

        ``interval`` is the time between readings in seconds.
        """
        return max(1.5 * self.excess, _LEAST_DEVIATIONS * interval)


def baseline_end(track: MetricSeries, moment: int) -> float:
    """Return the time at which the baseline of a metric should end, so that it does not include the trouble.

    ``moment`` is when the trouble was noticed, in epoch ms. The result is in seconds after the ``origin`` of ``track``.
    It is some time before ``moment``, because trouble begins before it is noticed.
    """
    seen = track.seconds(moment)
    recent = track.times[track.times <= seen][-_RECENT:]
    # Leave out at most 30 % of the readings, so that there is something to learn from in a short history.
    few = _MARGIN_READINGS * median(np.diff(recent)) if len(recent) > 1 else 0.0
    return seen - min(max(_MARGIN_S, few), 0.3 * max(seen, 0.0))


def baseline(track: MetricSeries, end: float) -> Baseline | None:
    """Return the baseline of a metric (its usual behaviour), learned from its readings up to ``end``.

    ``end`` is in seconds after the ``origin`` of ``track``. Return None for a metric with texts, and if there are fewer
    than :data:`ENOUGH` readings.
    """
    last = int(np.searchsorted(track.times, end, side="right"))
    if last < ENOUGH or track.kind == "text":
        return None
    times, values = track.times[:last], track.values[:last]
    steady = smooth(values)
    levels = two_levels(values) if track.kind == "number" else None
    level, drift, scale = _trend(times, steady, values)
    low, high = percentile(values, 1, 99)
    stays_high, stays_low = _stays(times, values, levels)
    still, still_points, changes = _stillness(times, values)
    found = Baseline(
        start=float(times[0]),
        end=float(times[-1]),
        count=last,
        smoothed=steady,
        level=level,
        scale=scale,
        drift=drift,
        low=low,
        high=high,
        band=1.0,
        excess=0.0,
        levels=levels,
        stays_high=stays_high,
        stays_low=stays_low,
        still=still,
        still_points=still_points,
        changes=changes,
    )
    deviations = found.deviations(times, steady)
    seconds = weights(times)
    # The band is measured on the healthy readings themselves, so a noisy signal gets a wide band.
    band = max(1.0, *percentile(np.abs(deviations), 98))
    excess = max(float(cusum(sign * deviations, seconds, band).max()) for sign in (1.0, -1.0))
    return replace(found, band=band, excess=excess)


def wander(usual: Baseline, seconds: float) -> float:
    """Return the largest change that the metric made within ``seconds`` while it was healthy.

    If ``seconds`` exceed half the baseline's length, the change for half the length is scaled up with the square root
    of time, as for a random walk.
    """
    values = usual.smoothed
    step = (usual.end - usual.start) / max(usual.count - 1, 1)
    lag = max(1, round(seconds / step)) if step > 0 else 1
    longest = max(usual.count // 2, 1)
    further = (lag / longest) ** 0.5 if lag > longest else 1.0
    lag = min(lag, longest)
    return further * float(np.abs(values[lag:] - values[:-lag]).max(initial=0.0))


def _trend(times: Floats, steady: Floats, values: Floats) -> tuple[float, float, float]:
    """Return the level at the end, the drift per second, and the scale (one sigma).

    The drift is 0 unless it explains most of the spread.
    """
    least = min_spread(values)
    level, raw = median(steady), spread(steady)
    if len(times) >= 30 and raw > least:
        # Only a trend that explains most of the spread: extrapolating noise would move the band away.
        drift = slope(times, steady)
        flat = steady - drift * (times - times[-1])
        if spread(flat) < 0.5 * raw:
            return median(flat), drift, max(spread(flat), least)
    # The median deviation of a signal that is constant most of the time is 0, so its outer percentiles count as well.
    low, high = percentile(steady, 3, 97)
    wide = (high - low) / 4
    return level, 0.0, max(raw, wide, least)


def _stays(times: Floats, values: Floats, levels: TwoLevels | None) -> tuple[Floats, Floats]:
    """Return the durations (s) of all stays of the signal at its upper level, and of those at its lower level.

    Both arrays are empty if the signal does not switch between two levels.
    """
    if levels is None and not np.all((values == 0) | (values == 1)):
        return times[:0], times[:0]
    found = runs(times, (values > (levels.split if levels else 0.5)).astype(np.float64))
    return found.lengths[found.states == 1], found.lengths[found.states == 0]


def _stillness(times: Floats, values: Floats) -> tuple[float, int, int]:
    found = runs(times, values)
    points = np.diff(np.append(found.starts, len(values)))
    return float(found.lengths.max(initial=0.0)), int(points.max(initial=0)), len(found.starts) - 1


def at_same_state(track: MetricSeries, companions: Sequence[MetricSeries], end: float) -> MetricSeries | None:
    """Return the metric as it would be if its companions had stayed at their usual levels.

    Companions are metrics of the same device that have not changed themselves. Example: a motor draws more current at
    full flow. With the flow as a companion, only the part of the current that the flow does not explain is left.

    A ridge regression over the readings up to ``end`` (seconds after the origin of ``track``) learns the influence of
    each companion. The regression is linear, although current grows with the cube of the speed. So the result is None
    if a companion is in a state that did not occur up to ``end``. It is also None if the companions do not explain most
    of the metric's spread.
    """
    last = int(np.searchsorted(track.times, end, side="right"))
    if last < 3 * ENOUGH or track.kind != "number":
        return None
    columns = [_at_times_of(track, companion) for companion in companions if len(companion) > 2]
    columns = [c for c in columns if spread(c[:last]) > 0 and not _constant(c[:last])]
    if not columns:
        return None
    matrix = np.stack(columns, axis=1)
    centre, width = matrix[:last].mean(axis=0), matrix[:last].std(axis=0)
    matrix = (matrix - centre) / width
    target = track.values - track.values[:last].mean()
    # Ridge: companions often move together, and plain least squares would give them huge opposite weights.
    gram = matrix[:last].T @ matrix[:last] + 0.02 * last * np.eye(len(columns))
    shares = np.linalg.solve(gram, matrix[:last].T @ target[:last])
    if _beyond_known(matrix[:, np.abs(shares) > 0.2 * np.abs(shares).max()], last):
        return None
    adjusted = track.values - matrix @ shares
    # If the companions explain little, removing their influence would only add their noise.
    if spread(smooth(adjusted[:last])) > 0.6 * spread(smooth(track.values[:last])):
        return None
    return MetricSeries(track.metric, track.unit, track.kind, track.origin, track.times, adjusted)


def _at_times_of(track: MetricSeries, other: MetricSeries) -> Floats:
    if track.origin == other.origin and np.array_equal(track.times, other.times):
        return other.values
    return np.interp(track.times, other.times + (other.origin - track.origin) / 1000, other.values)


def _beyond_known(matrix: Floats, end: int) -> bool:
    """Return whether any column has left its known range by more than a tenth of this range.

    The known range of a column is that of its rows before index ``end``. The newest rows are compared with it.
    """
    low, high = matrix[:end].min(axis=0), matrix[:end].max(axis=0)
    middle, half = (low + high) / 2, 0.6 * (high - low)
    return bool(np.any(np.abs(np.median(matrix[end:][-5:], axis=0) - middle) > half))


def _constant(values: Floats) -> bool:
    return float(values.std()) <= 1e-12 * max(1.0, float(np.abs(values).max()))
