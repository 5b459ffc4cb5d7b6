"""Changes that take from half an hour to days, found by comparing with the time before.

A metric has normal cycles: the day, the load of a shift, a compressor that starts and stops, a defrost. So a change
counts only if it is larger than everything that the metric did normally before. There are two tests:

- **range**: the metric has left its earlier range.
- **pace**: within some time (the lag) the metric moved further than it ever did within a time of this length.

If the days resemble each other, the usual course of a day is subtracted before both tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hub.insight.daily_course import daily_course
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import floor, median, spread

LAGS_S = (3_600.0, 3 * 3_600.0, 10 * 3_600.0, 30 * 3_600.0, 72 * 3_600.0)
"""The lags (s) over which a change is searched in the last week."""
LONG_LAGS_S = (72 * 3_600.0, 7 * 86_400.0, 14 * 86_400.0)
"""The lags (s) over which a change is searched in the last weeks."""
_STEP_S = 600.0
_LEARNED_BEFORE_S = 10 * 3_600.0
_MIN_BINS = 24
_UNCERTAIN = 1.5
"""A ratio is divided by 1 + this * (lag / time before the lag): a short time before says less about what is normal."""
_COUNTED = 0.1
"""A series that never falls is a counter if it rises from bin to bin in at least this share of the bins."""


@dataclass(frozen=True, slots=True)
class SlowChange:
    """The change of ``track`` within the last ``lag`` seconds.

    Attributes:
        rest: the values up to the moment of the search, minus the usual course of a day if there is one.
        ratio: the change divided by the largest normal change; reduced if the history is short.
        deviation: the signed change in sigmas.
        size: the signed change in the unit of the track.
        end: where the lag begins and the time before it ends, in track seconds.
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
    """Return the change up to ``moment`` (epoch ms) with the highest ``ratio``, even if that is low.

    A lag (s) is searched only if the time before it is at least ``least_base`` times as long. Return None for a
    counter, and if there is too little history. The caller decides which ``ratio`` is enough.
    """
    last = int(np.searchsorted(track.times, track.seconds(moment), side="right"))
    if last < _MIN_BINS:
        return None
    times, values = track.times[:last], track.values[:last]
    # Bins at least as long as the interval of the readings, or most would be interpolated.
    step = max(_STEP_S, median(np.diff(times)))
    # Even spacing, so that a lag is a number of bins.
    grid, centres = _binned(times, values, step)
    if len(grid) < _MIN_BINS or is_counter(grid[: len(grid) * 3 // 4]):
        return None
    best: SlowChange | None = None
    usual: _Usual | None = None
    for lag in lags:
        back = round(lag / step)
        # With too short a time before there is nothing to compare with.
        if back < 2 or len(grid) - back < max(_MIN_BINS, least_base * back):
            continue
        learned = round(max(lag, _LEARNED_BEFORE_S) / step)  # one course of the day serves several lags
        if usual is None or usual.learned != learned:
            usual = _usual(track, grid, centres, step, learned, times, values)
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
    """A series minus the usual course of a day, if it has one.

    The course was learned without the last ``learned`` bins. ``grid`` has the differences in bins, ``rest`` those of
    the readings, and ``now`` is the usual value at the end.
    """

    learned: int
    centres: Floats
    grid: Floats
    rest: Floats
    now: float


def _usual(
    track: MetricSeries, grid: Floats, centres: Floats, step: float, learned: int, times: Floats, values: Floats
) -> _Usual:
    epoch = track.origin / 1000
    base = max(len(grid) - learned, 0)
    found = daily_course(centres[:base] + epoch, grid[:base], step)
    if found is None:
        return _Usual(learned, centres, grid, values, 0.0)
    course, left = found
    after = grid[base:] - course(centres[base:] + epoch)
    now = float(course(times[-1:] + epoch)[0])
    return _Usual(learned, centres, np.concatenate([left, after]), values - course(times + epoch), now)


def _at_lag(
    track: MetricSeries, usual: _Usual, step: float, lag: float, times: Floats, values: Floats
) -> SlowChange | None:
    """Return the change within the last ``lag`` seconds; its ratio compares it with changes in the time before."""
    back = round(lag / step)
    base = len(usual.grid) - back
    normal = usual.grid[:base]
    now = median(_newest(times, values, max(lag / 10, step))) - usual.now
    scale = max(spread(normal), floor(values))
    centre, then = median(normal), median(normal[-3:])
    # Compared with the extreme on the same side, because a signal may swing far up and hardly down.
    far = float(normal.max() - centre if now > centre else centre - normal.min())
    pace = float(np.abs(normal[back:] - normal[:-back]).max(initial=0.0)) if base > 2 * back else float(np.ptp(normal))
    beyond, moved = (now - centre) / max(far, 2 * scale), (now - then) / max(pace, 2 * scale)
    if beyond * moved < 0:  # it comes back from where it was unusual
        return None
    ratio, change = (beyond, now - centre) if abs(beyond) > abs(moved) else (moved, now - then)
    # The shorter the time before, the less its largest change says about what is normal.
    certain = 1 + _UNCERTAIN * back / base
    return SlowChange(
        track, usual.rest, lag, abs(ratio) / certain, change / scale, change, float(usual.centres[base - 1])
    )


def _newest(times: Floats, values: Floats, seconds: float) -> Floats:
    """Return the readings of the last ``seconds``, but at least the three newest ones."""
    recent = times >= times[-1] - seconds
    return values[recent] if np.count_nonzero(recent) >= 3 else values[-3:]


def is_counter(grid: Floats) -> bool:
    """Return whether the series never falls and often rises, like a counter of running hours."""
    steps = np.diff(grid)
    return bool(np.all(steps >= 0) and np.count_nonzero(steps) >= _COUNTED * len(steps))
