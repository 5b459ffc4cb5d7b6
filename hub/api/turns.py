"""How many questions are answered at the same time, over all ways of asking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.errors import AiUnavailable


class Turns:
    """Refuses rather than queues: who asks learns at once that the hub is busy."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises AiUnavailable when too many questions are being answered."""
        if self._free <= 0:
            raise AiUnavailable("too many questions are being answered already.", "Try again in a moment.")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
