"""The small laws all machines are made of: first-order lags, coloured noise, the shape of a day.

Everything here is exact for any step length, so a coarse history and fine live readings agree. It knows no
machine, no fault and no clock.
"""

from __future__ import annotations

import math
from random import Random


def lag(value: float, target: float, dt: float, tau: float) -> float:
    """``value`` after ``dt`` seconds of approaching ``target`` with the time constant ``tau`` (seconds)."""
    return target + (value - target) * math.exp(-dt / tau)


def clamp(value: float, low: float, high: float) -> float:
    """``value``, or the bound it lies beyond."""
    return low if value < low else high if value > high else value


def smoothstep(x: float) -> float:
    """0 below 0, 1 above 1, and an S between: slow start, slow end, no corner."""
    x = clamp(x, 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)


def working_day(hour: float) -> float:
    """How busy a site is at ``hour`` (0 to 24): 0 by night, 1 by day, with two-hour shoulders at 6 and 19."""
    return smoothstep((hour - 5.0) / 2.0) * (1.0 - smoothstep((hour - 18.0) / 2.0))


def daylight(hour: float) -> float:
    """Height of the sun at ``hour``, from 0 (before 6, after 20) to 1 (at 13)."""
    return max(0.0, math.sin(math.pi * (hour - 6.0) / 14.0)) if 6.0 < hour < 20.0 else 0.0


def outdoors(hour: float, mean: float, swing: float) -> float:
    """Outdoor temperature: coldest at 4, warmest at 16, ``swing`` either side of ``mean``."""
    return mean - swing * math.cos(2.0 * math.pi * (hour - 4.0) / 24.0)


class Noise:
    """An Ornstein-Uhlenbeck process: noise of standard deviation ``sigma`` that forgets within ``tau``
    seconds.

    Three standard deviations is as far as it goes: real sensors have no endless tails, and a healthy machine
    must not wander past its limit by luck.
    """

    __slots__ = ("_random", "_value", "sigma", "tau")

    def __init__(self, random: Random, sigma: float, tau: float) -> None:
        self._random = random
        self.sigma = sigma
        self.tau = tau
        self._value = random.gauss(0.0, sigma)

    def advance(self, dt: float) -> None:
        """Move on by ``dt`` seconds. Draws exactly one number, whatever happens elsewhere."""
        keep = math.exp(-dt / self.tau)
        spread = self.sigma * math.sqrt(1.0 - keep * keep)
        self._value = self._value * keep + self._random.gauss(0.0, spread)

    @property
    def now(self) -> float:
        """The current value, in the unit of ``sigma``."""
        return clamp(self._value, -3.0 * self.sigma, 3.0 * self.sigma)


class Visits:
    """Short events at random, such as a door being opened: ``per_hour`` of them, each ``shortest`` to
    ``longest`` seconds long. Its own random numbers make it independent of how finely time is stepped.
    """

    def __init__(self, random: Random, per_hour: float, shortest: float, longest: float) -> None:
        self._random = random
        self._per_hour = per_hour
        self._range = (shortest, longest)
        self._begin: float | None = None
        self._end = 0.0

    def active(self, now: float) -> bool:
        """Whether one is going on at ``now`` (seconds). ``now`` must not go backwards."""
        if self._begin is None:
            self._plan(now)
        while now >= self._end:
            self._plan(self._end)
        return self._begin is not None and now >= self._begin

    def _plan(self, after: float) -> None:
        self._begin = after + self._random.expovariate(self._per_hour / 3600.0)
        self._end = self._begin + self._random.uniform(*self._range)
