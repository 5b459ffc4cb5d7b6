"""Mean and deviation over sliding windows. The results are exactly the same however the readings are batched.

A running sum depends on where it began, because floating-point addition is not associative. So each window is merged
from windows of half its length, always in the same order: two windows of 1 reading give one of 2, two of 2 give one of
4, and so on. Means and sums of squares are merged by the formula of Chan, Golub and LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances" (1979), which stays exact for values far from zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hub.insight.series import Floats


class Windows(NamedTuple):
    """The mean and the spread of each window of ``length`` consecutive readings.

    The windows overlap: each begins one reading later than the one before. The arrays have one entry for each window:
    ``mean`` is its mean, and ``squares`` is the sum of the squared distances of its readings from this mean.
    """

    length: int
    mean: Floats
    squares: Floats

    def deviation(self) -> Floats:
        """Return the standard deviation of each window."""
        return np.asarray(np.sqrt(self.squares / self.length))


def windows(values: Floats, *lengths: int) -> list[Windows]:
    """Return the mean and spread of all sliding windows over ``values``, as one Windows object for each of ``lengths``.

    The last entry of an object belongs to the window that ends with the last value. An object is empty if its length
    exceeds the number of values.
    """
    powers = [Windows(1, values, np.zeros_like(values))]
    while powers[-1].length * 2 <= max(lengths):
        powers.append(_merge(powers[-1], powers[-1]))
    found = []
    for length in lengths:
        parts = [power for power in powers if length & power.length]
        merged = parts[0]
        for part in parts[1:]:
            merged = _merge(part, merged)
        found.append(merged)
    return found


def _merge(earlier: Windows, later: Windows) -> Windows:
    """Merge each window of ``later`` with the window of ``earlier`` that ends where it begins."""
    count = max(len(later.mean) - earlier.length, 0)
    # Entry i of the result ends where entry i + earlier.length of `later` ends.
    a, a2 = earlier.mean[:count], earlier.squares[:count]
    b, b2 = later.mean[earlier.length :], later.squares[earlier.length :]
    length = earlier.length + later.length
    apart = b - a
    mean = a + apart * (later.length / length)
    return Windows(length, mean, a2 + b2 + np.square(apart) * (earlier.length * later.length / length))
