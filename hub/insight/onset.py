"""Locate the onset of a change: the likeliest time, and the range of times at which it may have begun.

Two shapes, a step and a ramp that starts from a level, are fitted to the readings::

    value                          /             Each moment is tried as the beginning. The best fit is the onset; those
                                 /               that fit nearly as well bound it: the noisier the signal and the
          ·  ·    · ·  ·   · · /                 slower the change, the further apart these are.
      ──·──·─·──·─·──·──·───·┘
                      ├──┼──┤
               earliest  at  latest

Only readings up to half of the change are used, since what follows is often curved. Source: Hinkley, "Inference about
the intersection in two-phase regression", Biometrika 56 (1969).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hub.insight.series import Floats
from hub.insight.statistics import median, resolution, smooth

_CANDIDATES = 120
_POINTS = 400
_LEVEL = 7
"""The level before the onset is the median of this many readings."""
_LIKELY = 4.0
"""A time is a possible onset if its fit is worse than the best fit by less than about two standard errors."""


@dataclass(frozen=True, slots=True)
class Onset:
    """The onset of a change.

    ``at`` is the likeliest time; it lies between ``earliest`` and ``latest``. All three are in seconds, like the times
    of the series. ``before`` is the level before the onset.
    """

    earliest: float
    at: float
    latest: float
    before: float


def locate_onset(times: Floats, values: Floats, start: int, sign: float) -> Onset:
    """Return the onset of the change that is complete at the end of the series.

    Args:
        times: Seconds, strictly rising.
        values: The readings, or the readings minus the expected values.
        start: Index at which the change was found. The change may have begun earlier.
        sign: 1 for a rise, -1 for a fall.
    """
    series = sign * values
    clean = smooth(series)
    now = median(clean[-3:])
    start = min(max(start, 1), len(clean) - 1)
    before = median(clean[max(start - 30, 0) : start])
    first, half = _half_way(clean, start, before, now)
    calm = slice(max(first - max(2 * (half - first), 12), 0), max(first, 1))
    # Done twice, because the level before the onset and the onset depend on each other.
    before = median(clean[calm])
    first, half = _half_way(clean, start, before, now)
    begin = max(first - max(2 * (half - first), 12), 0)
    return _fitted(times, values, sign, begin, half)


def _half_way(clean: Floats, start: int, before: float, now: float) -> tuple[int, int]:
    """Return the last index at which the signal was still at the level ``before``, and the first with half the change.

    ``now`` is the level after the change.
    """
    above = clean - before
    half_of = 0.5 * (now - before)
    below = np.flatnonzero(above < half_of)
    half = min(int(below[-1]) + 1, len(clean) - 1) if len(below) else 0
    calm = np.flatnonzero(above[: half + 1] <= 0.05 * (now - before))
    first = int(calm[-1]) if len(calm) else 0
    return first, max(half, first + 1, 1)


def _fitted(times: Floats, values: Floats, sign: float, begin: int, half: int) -> Onset:
    chosen = np.arange(begin, min(half + 1, len(times)))
    if len(chosen) > _POINTS:
        # The cost grows with points times candidates, and more points would not make the onset more exact.
        chosen = np.unique(np.linspace(begin, half, _POINTS).astype(int))
    t, x = times[chosen], sign * values[chosen]
    if len(t) < 4:
        return Onset(float(t[0]), float(t[-1]), float(t[-1]), float(values[begin]))
    candidates = t[np.unique(np.linspace(0, len(t) - 1, min(_CANDIDATES, len(t))).astype(int))]
    lags = t[:, None] - candidates[None, :]
    line = t - t.mean()
    line = line / max(float(np.linalg.norm(line)), 1e-12)
    ramps, steps = np.maximum(lags, 0.0) / (t[-1] - t[0]), (lags >= 0).astype(np.float64)
    errors = np.concatenate([_errors(line, ramps, x), _errors(line, steps, x)])
    starts = np.concatenate([candidates, candidates])
    # The error of rounding to the sensor's resolution, which no shape can explain. Without it, a perfect fit would
    # exclude all other times.
    quantum = len(t) * resolution(x) ** 2 / 12 + 1e-18
    errors = errors + quantum
    best = int(np.argmin(errors))
    # An F-test on the ratio of squared errors, in its simplest form.
    possible = starts[errors <= errors[best] * (1 + _LIKELY / max(len(t) - 3, 3))]
    at = float(starts[best])
    index = int(np.searchsorted(times, at, side="right"))
    before = median(values[max(index - _LEVEL, 0) : index])
    return Onset(float(possible.min()) - median(np.diff(t)), at, float(possible.max()), before)


def _errors(line: Floats, shapes: Floats, x: Floats) -> Floats:
    """Return the squared error of the fit to the readings ``x`` for each possible onset.

    Each column of ``shapes`` is a step or a ramp with another onset. The fit is level + trend + factor * shape, where
    the factor is not negative, so that only rises are fitted. The trend is a multiple of ``line``, the times of the
    readings, centred and scaled to a norm of one.
    """
    # Least squares without a solver: level and trend are projected out, then each shape is fitted alone.
    centred = shapes - shapes.mean(axis=0)
    centred -= line[:, None] * (line @ centred)
    y = x - x.mean()
    y = y - line * (line @ y)
    size = (centred * centred).sum(axis=0)
    along = y @ centred
    gained = np.where((size > 1e-9) & (along > 0), along**2 / np.maximum(size, 1e-9), 0.0)
    return np.asarray(np.maximum(float(y @ y) - gained, 0.0))
