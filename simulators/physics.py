"""Functions that all machines use: first-order lags, coloured noise, the shape of a day.

They are exact for any step length, so a coarse history and fine live readings agree.
"""

from __future__ import annotations

import math
from random import Random


def lag(value: float, target: float, dt: float, tau: float) -> float:
    """Return ``value`` after approaching ``target`` for ``dt`` seconds with the time constant ``tau`` (seconds)."""
    return target + (value - target) * math.exp(-dt / tau)


def clamp(value: float, low: float, high: float) -> float:
    """Return ``value``, limited to the range from ``low`` to ``high``."""
    return low if value < low else high if value > high else value


def smoothstep(x: float) -> float:
    """Return 0 below 0, 1 above 1, and a smooth S-curve between."""
    x = clamp(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def working_day(hour: float) -> float:
    """Return how busy a site is at ``hour`` (0 to 24): 0 at night, 1 by day, with two-hour ramps around 6 and 19."""
    return smoothstep((hour - 5.0) / 2.0) * (1.0 - smoothstep((hour - 18.0) / 2.0))


def daylight(hour: float) -> float:
    """Return the height of the sun at ``hour``, from 0 (before 6, after 20) to 1 (at 13)."""
    return max(0.0, math.sin(math.pi * (hour - 6.0) / 14.0)) if 6.0 < hour < 20.0 else 0.0


def outdoors(hour: float, mean: float, swing: float) -> float:
    """Return the outdoor temperature: ``mean`` plus or minus ``swing``, coldest at 4, warmest at 16."""
    return mean - swing * math.cos(2.0 * math.pi * (hour - 4.0) / 24.0)


class Noise:
    """An Ornstein-Uhlenbeck process with standard deviation ``sigma`` and correlation time ``tau`` (seconds).

    It is clipped at three standard deviations, so that a healthy machine does not exceed its limits by chance.
    """

    __slots__ = ("_random", "_value", "sigma", "tau")

    def __init__(self, random: Random, sigma: float, tau: float) -> None:
        self._random = random
        self.sigma = sigma
        self.tau = tau
        self._value = random.gauss(0.0, sigma)

    def advance(self, dt: float) -> None:
        """Advance by ``dt`` seconds. It draws exactly one random number."""
        keep = math.exp(-dt / self.tau)
        spread = self.sigma * math.sqrt(1.0 - keep * keep)
        self._value = self._value * keep + self._random.gauss(0.0, spread)

    @property
    def now(self) -> float:
        """Return the current value, in the unit of ``sigma``."""
        return clamp(self._value, -3.0 * self.sigma, 3.0 * self.sigma)


class Visits:
    """Short random events, such as an open door: ``per_hour`` of them, of ``shortest`` to ``longest`` seconds.

    It has its own random numbers, so the events do not depend on the step length.
    """

    def __init__(self, random: Random, per_hour: float, shortest: float, longest: float) -> None:
        self._random = random
        self._per_hour = per_hour
        self._range = (shortest, longest)
        self._begin: float | None = None
        self._end = 0.0

    def active(self, now: float) -> bool:
        """Return True during an event. ``now`` (seconds) must not decrease."""
        if self._begin is None:
            self._plan(now)
        while now >= self._end:
            self._plan(self._end)
        return self._begin is not None and now >= self._begin

    def _plan(self, after: float) -> None:
        self._begin = after + self._random.expovariate(self._per_hour / 3600.0)
        self._end = self._begin + self._random.uniform(*self._range)
