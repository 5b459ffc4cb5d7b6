"""How long to wait before the next try. It knows no clock and no network."""

from __future__ import annotations

import random

import msgspec


class Backoff(msgspec.Struct):
    """Doubles from ``first`` to ``most`` seconds. Half of each delay is random, so that a thousand clients of one
    broker do not all come back in the same second."""

    first: float = 0.5
    most: float = 30.0
    tries: int = 0

    def next(self) -> float:
        """The delay before the next try, in seconds."""
        delay = min(self.first * 2.0 ** min(self.tries, 30), self.most)
        self.tries += 1
        return delay * random.uniform(0.5, 1.0)  # noqa: S311 (nothing secret)

    def reset(self) -> None:
        """A try has succeeded for good."""
        self.tries = 0
