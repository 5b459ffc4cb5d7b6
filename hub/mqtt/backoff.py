"""Exponential backoff with jitter. Pure: no clock, no network."""

from __future__ import annotations

import random

import msgspec


class Backoff(msgspec.Struct):
    """Delays between attempts, which double from ``first`` to ``longest`` seconds.

    Half of each delay is random, so that a thousand clients of one broker do not reconnect in the same second.
    """

    first: float = 0.5
    longest: float = 30.0
    tries: int = 0

    def next(self) -> float:
        """Return the delay before the next attempt, in seconds."""
        delay = min(self.first * 2.0 ** min(self.tries, 30), self.longest)
        self.tries += 1
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 (not a secret)

    def reset(self) -> None:
        """Begin with the shortest delay again, after an attempt that succeeded."""
        self.tries = 0
