"""Robust estimators over arrays: median, spread, slope, CUSUM, switching levels. None of them returns NaN.

Sources: Page, "Continuous inspection schemes" (1954) for CUSUM; Theil (1950) and Sen (1968) for the slope; Otsu (1979)
for the split into two levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hub.insight.series import Floats

MAD_TO_SIGMA = 1.4826
_CAP = 30.0
"""In CUSUM, the deviation of one reading is limited to this many sigmas, so that an outlier is not a change."""
_OFF = 0.25
"""A machine is off if its readings are below this fraction of its readings while it is on."""
_HELD = 2.5
"""A switching signal stays at each level for at least this many readings on average."""


def median(values: Floats) -> float:
    """Return the median. This is faster than NumPy's own function."""
    middle = len(values) // 2
    ordered = np.partition(values, middle)
    if len(values) % 2:
        return float(ordered[middle])
    return float(ordered[:middle].max() + ordered[middle]) / 2


def percentile(values: Floats, *shares: float) -> tuple[float, ...]:
    """Return the percentiles at ``shares`` (0 to 100), interpolated linearly between values."""
    ordered = np.sort(values)
    at = np.asarray(shares) / 100 * (len(ordered) - 1)
    return tuple(np.interp(at, np.arange(len(ordered)), ordered).tolist())


def spread(values: Floats) -> float:
    """Return the standard deviation as estimated by the median absolute deviation; 0 for fewer than two values."""
    if len(values) < 2:
        return 0.0
    return MAD_TO_SIGMA * median(np.abs(values - median(values)))


def resolution(values: Floats) -> float:
    """Return the sensor's resolution: the smallest step between successive values; 0 if the value never changed."""
    if len(values) < 2:
        return 0.0
    steps = np.abs(np.diff(values))
    steps = steps[steps > 0]
    return float(steps.min()) if len(steps) else 0.0


def quantum(values: Floats) -> float:
    """Return the step of a coarse sensor, such as 0.5 if it reports only halves of a degree; 0 if it has no step.

    The step is the median of the larger differences between successive values. At least nine of ten of these
    differences must be multiples of it.
    """
    steps = np.abs(np.diff(values))
    if len(steps) < 20 or not np.any(steps > 0):
        return 0.0
    large = steps[steps > 0.2 * float(np.percentile(steps[steps > 0], 90))]
    step = median(large)
    share = steps / step
    return step if float(np.mean(np.abs(share - np.round(share)) < 0.1)) >= 0.9 else 0.0


def min_spread(values: Floats) -> float:
    """Return the smallest plausible spread of these values, which is never 0, so that it can be used as a divisor.

    It depends on the resolution and the level of the values, and replaces the spread of a constant series, which is 0.
    """
    level = abs(median(values)) if len(values) else 0.0
    return max(resolution(values), 2e-3 * level, 1e-9)


def weights(times: Floats) -> Floats:
    """Return the weight of each reading in seconds: the gap before it, but at most three times the usual gap."""
    if len(times) < 2:
        return np.ones(len(times))
    gaps = np.diff(times, prepend=times[0])
    gaps[0] = gaps[1]
    # The usual gap is determined around each reading, since a history is often coarser than live data.
    usual = np.minimum(gaps, np.roll(gaps, -1))
    usual[-1] = gaps[-1]
    return np.asarray(np.minimum(gaps, 3 * np.maximum(usual, 1e-3)))


def smooth(values: Floats) -> Floats:
    """Return the running median of three values, which removes single outliers and does not move edges."""
    if len(values) < 3:
        return values
    low, middle, high = values[:-2], values[1:-1], values[2:]
    inner = np.maximum(np.minimum(low, middle), np.minimum(np.maximum(low, middle), high))
    # The newest reading is replaced by the median of the last three, since no reading after it can confirm it.
    last = median(values[-3:])
    return np.concatenate([values[:1], inner, [last]])


def cusum(deviations: Floats, seconds: Floats, slack: float = 1.0) -> Floats:
    """Return the one-sided CUSUM at each reading: the sum of how far ``deviations`` exceed ``slack``, at least 0.

    Both are in sigmas. ``seconds`` are the weights of the readings, so the sum is in sigma seconds.
    """
    steps = (np.clip(deviations, -_CAP, _CAP) - slack) * seconds
    total = np.cumsum(steps)
    return np.asarray(total - np.minimum(np.minimum.accumulate(total), 0.0), dtype=np.float64)


def slope(times: Floats, values: Floats, most: int = 90) -> float:
    """Return the Theil–Sen slope (the median slope of all pairs of points) per second, from at most ``most`` points."""
    if len(times) < 2:
        return 0.0
    if len(times) > most:
        chosen = np.linspace(0, len(times) - 1, most).astype(int)
        times, values = times[chosen], values[chosen]
    first, second = np.triu_indices(len(times), 1)
    run = times[second] - times[first]
    rise = values[second] - values[first]
    return median(rise[run > 0] / run[run > 0]) if np.any(run > 0) else 0.0


@dataclass(frozen=True, slots=True)
class TwoLevels:
    """The two levels of a switching signal: ``low`` and ``high`` are medians, and ``split`` is halfway between them."""

    low: float
    high: float
    split: float


def two_levels(values: Floats) -> TwoLevels | None:
    """Return the two levels between which a signal switches, or None if it does not switch.

    The values are divided by Otsu's split. The signal switches if both groups are narrow compared with the distance
    between them, each has at least 3 % of the values, hardly any values lie between, and the signal crosses the split
    at least four times. The lower level must also be near zero, which means off, and the signal must stay at each level
    for some time. So a flow of 31 or 32 does not switch: its sensor is only coarse.
    """
    if len(values) < 30 or np.ptp(values) <= 1e-12 * float(np.abs(values).max()):
        return None
    counts, edges = np.histogram(values, bins=64)
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = len(values) - below
    sums = np.cumsum(counts * centres)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
    variance = np.where((below > 0) & (above > 0), below * above * np.square(apart / np.ptp(values)), 0.0)
    split = float(edges[1:-1][int(np.argmax(variance))])
    high = values > split
    share = float(np.mean(high))
    if not 0.03 <= share <= 0.97 or np.count_nonzero(np.diff(high)) < 4:
        return None
    upper, lower = values[high], values[~high]
    means = float(upper.mean()), float(lower.mean())
    if float(np.mean(np.abs(values - (means[0] + means[1]) / 2) < (means[0] - means[1]) / 6)) > 0.1:
        return None  # too many lie between; what follows is exact, but needs sorting
    middle = (median(lower), median(upper))
    within = max(spread(lower), spread(upper))
    between = np.abs(values - (middle[0] + middle[1]) / 2) < (middle[1] - middle[0]) / 6
    if float(between.mean()) > 0.05:
        return None
    if middle[1] - middle[0] < 6 * within or middle[1] - middle[0] < 0.25 * float(np.ptp(values)):
        return None
    if abs(middle[0]) > _OFF * abs(middle[1]) or len(values) < _HELD * (1 + np.count_nonzero(np.diff(high))):
        return None
    return TwoLevels(middle[0], middle[1], (middle[0] + middle[1]) / 2)


@dataclass(frozen=True, slots=True)
class RunLengths:
    """Runs of successive readings with the same state.

    ``starts`` are the indices of the first readings, ``lengths`` are in seconds, and ``states`` has the state of each
    run.
    """

    starts: Floats
    lengths: Floats
    states: Floats


def runs(times: Floats, states: Floats) -> RunLengths:
    """Split a series of states into runs of equal states. A run lasts until the next one, or until the last reading."""
    if not len(times):
        return RunLengths(times, times, states)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(states)) + 1])
    ends = np.concatenate([times[starts[1:]], times[-1:]])
    return RunLengths(starts.astype(np.float64), ends - times[starts], states[starts])


def strength(deviation: float) -> float:
    """Return a weight from 0 to 1 for a deviation in sigmas: 0.31 for 3, 0.63 for 8, 0.92 for 20."""
    return round(float(1.0 - np.exp(-abs(deviation) / 8.0)), 3)
