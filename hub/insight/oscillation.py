"""Find metrics that oscillate, as in a control loop that hunts or a machine that short-cycles.

A signal oscillates if it passes from below its middle to above and back, at least five times in a row, in about equal
times. This alone is no fault: thermostats cycle, and compressors start and stop. So the number of swings is compared
with the highest number of swings of this size that the metric ever made before in as much time. Both are counted with
the same hysteresis, so that noise has the same small effect on both.

T. Hagglund, "A control-loop performance monitor", Control Engineering Practice 3, 1995; N. Thornhill and T. Hagglund,
"Detection and diagnosis of oscillation in control loops", Control Engineering Practice 5, 1997 (regularity of the times
between zero crossings).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np

from hub import text_format as fmt
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.insight.series import Floats, MetricSeries
from hub.insight.statistics import median, min_spread, percentile, two_levels
from hub.model import Evidence

_WINDOWS_S = (1_800.0, 7_200.0, 8 * 3_600.0)
"""Lengths (s) of the latest part of the readings that is searched for an oscillation, tried in this order."""
_MIN_SWINGS = 10
"""An oscillation is at least this many swings from one side to the other: five cycles."""
_LONGEST_S = 2 * 3_600.0
"""The longest cycle (s). Longer cycles are caused by people and the weather."""
_COMPARED = 12
"""At most this many of the last swings are compared with earlier swings, because the history may be short."""
_TIMES_USUAL = 2.0
"""The number of swings must be at least this many times the highest earlier number of swings in as much time."""
_REGULAR, _REGULAR_SWITCHING = 1.6, 2.5
"""The longest and the shortest cycle differ from the median cycle at most by this factor.

Cycles of machines that switch on and off differ more, because they depend on the load.
"""
_HYSTERESIS = 0.25
"""A swing counts only if it goes beyond the middle, on both sides, by this fraction of the usual swing."""
_MIN_READINGS = 5
"""Minimum number of readings in a cycle. With fewer, its length may be an artefact of the interval between readings."""
_HISTORY = 0.5
"""Minimum length of the earlier readings, as a fraction of the time that the compared swings took."""


@dataclass(frozen=True, slots=True)
class Oscillation:
    """A present oscillation of one metric.

    Attributes:
        track: the readings of the metric.
        start: the time of the first swing, in seconds of ``track``.
        cycle: the median time from one swing to the next swing in the same direction, in seconds.
        count: the number of swings since ``start``.
        usual: the highest number of swings of this size in as much time before ``start``.
        low: the lower level.
        high: the upper level.
        switches: whether the signal has two levels only, such as on and off.
    """

    track: MetricSeries
    start: float
    cycle: float
    count: int
    usual: int
    low: float
    high: float
    switches: bool


def find_oscillation(track: MetricSeries) -> Oscillation | None:
    """Return the present oscillation of a metric; None if there is none, or if the metric has swung as often before."""
    if len(track) < 4 * _MIN_READINGS:
        return None
    levels = two_levels(track.values) if track.kind == "number" else None
    switches = track.kind != "number" or levels is not None
    if track.kind == "text":  # a mode counts as switching between the present word and all other words
        track = replace(track, kind="boolean", values=(track.values == track.values[-1]).astype(np.float64))
    split = levels.split if levels is not None else 0.5
    end = float(track.times[-1])
    span = end - float(track.times[0])
    for shorter, window in pairwise((0.0, *_WINDOWS_S)):
        if shorter >= span:
            break
        first = int(np.searchsorted(track.times, end - window))
        times, values = track.times[first:], track.values[first:]
        if len(times) < 3 * _MIN_READINGS:
            continue
        low, high = percentile(values, 5, 95) if not switches else (float(values.min()), float(values.max()))
        if high - low <= 4 * min_spread(track.values) and not switches:
            continue
        reach = _HYSTERESIS * (high - low)
        swings = _crossings(times, values > split) if switches else _swings(times, _level(times, values), reach)
        found = _regular_end(swings, times, _REGULAR_SWITCHING if switches else _REGULAR)
        if found is None:
            continue
        count, cycle = found
        start = float(swings[-count])
        recent = min(count, _COMPARED)
        length = end - float(swings[-recent])
        usual = _most_swings_before(track, start, length, cycle, split if switches else None, reach)
        if usual is not None and recent >= max(_MIN_SWINGS, _TIMES_USUAL * usual):
            return Oscillation(track, start, cycle, count, usual, low, high, switches)
    return None


def _level(times: Floats, values: Floats) -> Floats:
    """Return the values without their linear trend, centred on 0."""
    slope, level = np.polyfit(times - times[0], values, 1)
    rest = values - (slope * (times - times[0]) + level)
    low, high = percentile(rest, 5, 95)
    return np.asarray(rest - 0.5 * (low + high))


def _swings(times: Floats, rest: Floats, reach: float) -> Floats:
    """Return the times at which a signal around 0 has changed its sign and is more than ``reach`` away from 0."""
    clear = np.abs(rest) > reach
    return _crossings(times[clear], rest[clear] > 0)


def _crossings(times: Floats, is_high: np.ndarray) -> Floats:
    """Return the times at which the state changes."""
    return np.asarray(times[1:][is_high[1:] != is_high[:-1]])


def _regular_end(swings: Floats, times: Floats, factor: float) -> tuple[int, float] | None:
    """Return how many of the newest swings follow each other regularly, and the length of their cycle (s).

    A cycle is regular if its length differs from the median by at most ``factor``. Return None if there are too few
    regular swings, or if the oscillation is over.
    """
    if len(swings) < _MIN_SWINGS:
        return None
    cycles = swings[2:] - swings[:-2]
    cycle = median(cycles[-4:])
    fits = (cycles <= factor * cycle) & (cycles >= cycle / factor)
    regular = len(cycles) if fits.all() else int(np.argmin(fits[::-1]))
    count = regular + 2
    is_over = times[-1] - swings[-1] > cycle
    interval = median(np.diff(times))
    fits_loop = _MIN_READINGS * interval <= cycle <= _LONGEST_S
    return (count, cycle) if count >= _MIN_SWINGS and fits_loop and not is_over else None


def _most_swings_before(
    track: MetricSeries, start: float, length: float, cycle: float, split: float | None, reach: float
) -> int | None:
    """Return the highest number of swings in any ``length`` seconds before ``start``; None with too little history.

    A swing is a crossing of the signal's middle. The middle of a signal that switches between two levels is ``split``.
    For other signals, ``split`` is None, and the middle is the mean over one cycle, because their level may have been
    different before.
    """
    last = int(np.searchsorted(track.times, start - 0.5 * cycle))
    times, values = track.times[:last], track.values[:last]
    if last < 4 * _MIN_READINGS or float(times[-1] - times[0]) < _HISTORY * length:
        return None
    if split is not None:
        swings = _crossings(times, values > split)
    else:
        # The mean interval gives the width: with readings in bursts, the median is tiny and the window would be huge.
        width = min(max(round(cycle * last / float(times[-1] - times[0])), 1), last)
        mean = np.convolve(np.pad(values, width // 2, mode="edge"), np.full(width, 1 / width), mode="same")
        swings = _swings(times, values - mean[width // 2 : width // 2 + len(values)], reach)
    if not len(swings):
        return 0
    within = np.searchsorted(swings, swings + length, side="right") - np.arange(len(swings))
    # A history shorter than ``length`` may have fewer swings only because it is shorter.
    return ceil(int(within.max()) * max(length / float(times[-1] - times[0]), 1.0))


def oscillating(tracks: Mapping[str, MetricSeries]) -> dict[str, Oscillation]:
    """Return the present oscillations, by metric."""
    found = ((name, find_oscillation(track)) for name, track in tracks.items() if len(track))
    return {metric: each for metric, each in found if each is not None}


def hunting(case: InvestigationInput, found: Iterable[Oscillation]) -> Iterator[Evidence]:
    """Yield a finding for each oscillation. ``value`` is the number of swings."""
    for each in sorted(found, key=lambda one: (one.start, one.track.metric)):
        track, start = each.track, each.track.stamp(each.start)
        cycle, lasted = round(each.cycle * 1000), case.now - start
        before = f"before, at most {each.usual} times within as long" if each.usual else "before, it did not"
        if each.switches:
            what = (
                f"has switched {each.count} times since {fmt.clock(start)}, a cycle about every {fmt.duration(cycle)}"
            )
        else:
            levels = f"{fmt.number(each.low, track.unit)} and {fmt.quantity(each.high, track.unit)}"
            what = (
                f"has swung {each.count} times between {levels} since {fmt.clock(start)}, "
                f"a cycle about every {fmt.duration(cycle)}"
            )
        yield finding(
            case,
            "cycling" if each.switches else "hunting",
            track.metric,
            f"{case.name(track.metric)} {what}; {before}",
            value=float(each.count),
            unit=None,
            start=start,
            end=case.now,
            weight=min(0.45 + 0.05 * (each.count - _MIN_SWINGS), 0.9),
            count=each.count,
            usual_count=each.usual,
            cycle_ms=cycle,
            lasted_ms=lasted,
            low=None if track.kind == "boolean" else each.low,
            high=None if track.kind == "boolean" else each.high,
            metric_unit=track.unit,
        )
