"""Find changes that take from half an hour to days, by comparison with the time before.

A metric has normal cycles: the day, the load of a shift, a compressor that starts and stops, a defrost. So a change
counts only if it is larger than all earlier changes of the metric. There are two tests:

- **range**: the metric has left its earlier range.
- **pace**: within some time (the lag), the metric moved further than it ever did before in as much time.

If the days are similar to each other, the usual daily course is subtracted before both tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hub.insight.daily_course import daily_course
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import median, min_spread, percentile, spread

LAGS_S = (3_600.0, 3 * 3_600.0, 10 * 3_600.0, 30 * 3_600.0, 72 * 3_600.0)
"""The lengths of time (s) over which the last week is searched for a change."""
LONG_LAGS_S = (72 * 3_600.0, 7 * 86_400.0, 14 * 86_400.0)
"""The lengths of time (s) over which the last weeks are searched for a change."""
_RARE = 1.0
"""Over weeks, this percentage of the lowest and of the highest values is not counted as normal: rare short stops."""
_STEP_S = 600.0
_LEARNED_BEFORE_S = 10 * 3_600.0
_MIN_BINS = 24
_UNCERTAIN = 1.5
"""A ratio is divided by 1 + this * (lag / time before the lag): a short history says less about what is normal."""
_COUNTED = 0.1
"""A series that never falls is a counter if it rises from one bin to the next in at least this fraction of bins."""


@dataclass(frozen=True, slots=True)
class SlowChange:
    """A change of the metric ``track`` within the last ``lag`` seconds.

    Attributes:
        track: the readings of the metric.
        rest: the readings up to the moment of the search, without the usual daily course if the days are similar.
        lag: the length of the period in which the metric changed, in seconds. It ends at the moment of the search.
        ratio: the change divided by the largest change that was normal before; reduced if the history is short.
        deviation: the change in sigmas, negative for a fall.
        size: the change in the unit of the metric, negative for a fall.
        end: the time up to which the normal behaviour was learned, in seconds of ``track``. There, the lag begins.
    """

    track: MetricSeries
    rest: Floats
    lag: float
    ratio: float
    deviation: float
    size: float
    end: float


def find_slow_change(
    track: MetricSeries, moment: int, lags: Sequence[float] = LAGS_S, least_base: float = 1.0
) -> SlowChange | None:
    """Return the slow change of a metric with the highest ``ratio``, even if this ratio is low.

    ``lags`` are lengths of time in seconds. For each of them, the change within the last lag before ``moment`` (epoch
    ms) is compared with earlier changes. This needs a history before the lag that is at least ``least_base`` times as
    long as the lag; other lags are skipped. Return None for a counter, and if the history is too short for every lag.
    """
    last = int(np.searchsorted(track.times, track.seconds(moment), side="right"))
    if last < _MIN_BINS:
        return None
    times, values = track.times[:last], track.values[:last]
    # With bins shorter than the interval of the readings, most bins would be interpolated.
    step = max(_STEP_S, median(np.diff(times)))
    # Even spacing, so that a lag is a number of bins.
    grid, centres = _binned(times, values, step)
    if len(grid) < _MIN_BINS or is_counter(grid[: len(grid) * 3 // 4]):
        return None
    best: SlowChange | None = None
    usual: _Usual | None = None
    for lag in lags:
        back = round(lag / step)
        # If the time before is too short, there is nothing to compare with.
        if back < 2 or len(grid) - back < max(_MIN_BINS, least_base * back):
            continue
        held_out = round(max(lag, _LEARNED_BEFORE_S) / step)  # one course of the day serves several lags
        if usual is None or usual.held_out != held_out:
            usual = _usual(track, grid, centres, step, held_out, times, values)
        change = _at_lag(track, usual, step, lag, times, values)
        if change is not None and (best is None or change.ratio > best.ratio):
            best = change
    return best


def _binned(times: Floats, values: Floats, step: float) -> tuple[Floats, Floats]:
    """Return the mean in each bin of ``step`` seconds, and the times of the bins' middles. Empty bins are interpolated.

    The last bin ends with the last reading.
    """
    index = ((times[-1] - times) // step).astype(int)
    size = int(index[0]) + 1
    counts = np.bincount(index, minlength=size)[::-1]
    sums = np.bincount(index, values, minlength=size)[::-1]
    centres = times[-1] - step * (np.arange(size)[::-1] + 0.5)
    there = counts > 0
    return np.interp(centres, centres[there], sums[there] / counts[there]), centres


@dataclass(frozen=True, slots=True)
class _Usual:
    """A series without its usual daily course, if it has one.

    Attributes:
        held_out: The number of bins at the end from which the course was not learned.
        centres: The times of the middles of the bins.
        grid: The means of the bins minus the usual course.
        rest: The readings minus the usual course.
        now: The value of the usual course at the time of the last reading; 0 if there is no usual course.
    """

    held_out: int
    centres: Floats
    grid: Floats
    rest: Floats
    now: float


def _usual(
    track: MetricSeries, grid: Floats, centres: Floats, step: float, held_out: int, times: Floats, values: Floats
) -> _Usual:
    epoch = track.origin / 1000
    base = max(len(grid) - held_out, 0)
    found = daily_course(centres[:base] + epoch, grid[:base], step)
    if found is None:
        return _Usual(held_out, centres, grid, values, 0.0)
    course, left = found
    after = grid[base:] - course(centres[base:] + epoch)
    now = float(course(times[-1:] + epoch)[0])
    return _Usual(held_out, centres, np.concatenate([left, after]), values - course(times + epoch), now)


def _at_lag(
    track: MetricSeries, usual: _Usual, step: float, lag: float, times: Floats, values: Floats
) -> SlowChange | None:
    """Return the change of ``track`` within the last ``lag`` seconds.

    The ``ratio`` of the result is the size of this change divided by that of the largest change before. Return None if
    the metric only returns from an unusual value.

    Args:
        track: The series.
        usual: The series without its usual daily course, in equal steps, and the usual value at present.
        step: The length of a step in seconds.
        lag: The time over which the change is measured, in seconds.
        times: The times of the readings.
        values: The values of the readings.
    """
    back = round(lag / step)
    base = len(usual.grid) - back
    normal = usual.grid[:base]
    now = median(_newest(times, values, max(lag / 10, step))) - usual.now
    scale = max(spread(normal), min_spread(values))
    centre, then = median(normal), median(normal[-3:])
    # Compare with the extreme on the same side, because a signal may swing far up and hardly down.
    if lag > LAGS_S[-1]:  # over weeks, one short stop must not count as the largest normal change
        low, high = percentile(normal, _RARE, 100 - _RARE)
        normal = np.clip(normal, low, high)
    far = float(normal.max() - centre if now > centre else centre - normal.min())
    pace = float(np.abs(normal[back:] - normal[:-back]).max(initial=0.0)) if base > 2 * back else float(np.ptp(normal))
    beyond, moved = (now - centre) / max(far, 2 * scale), (now - then) / max(pace, 2 * scale)
    if beyond * moved < 0:  # the metric returns from an unusual value
        return None
    ratio, change = (beyond, now - centre) if abs(beyond) > abs(moved) else (moved, now - then)
    # The shorter the history, the less its largest change says about what is normal.
    certain = 1 + _UNCERTAIN * back / base
    return SlowChange(
        track, usual.rest, lag, abs(ratio) / certain, change / scale, change, float(usual.centres[base - 1])
    )


def _newest(times: Floats, values: Floats, seconds: float) -> Floats:
    """Return the readings of the last ``seconds``, but at least the three newest ones."""
    recent = times >= times[-1] - seconds
    return values[recent] if np.count_nonzero(recent) >= 3 else values[-3:]


def is_counter(grid: Floats) -> bool:
    """Return whether the series never falls and often rises, as a running-hours counter does."""
    steps = np.diff(grid)
    return bool(np.all(steps >= 0) and np.count_nonzero(steps) >= _COUNTED * len(steps))
