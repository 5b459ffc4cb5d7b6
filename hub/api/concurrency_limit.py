"""How many of the same kind (questions, say) are answered at the same time, over all ways of asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.errors import AiUnavailable, HubError


def _too_many_questions() -> HubError:
    return AiUnavailable("too many questions are being answered already.", "Try again in a moment.")


class Turns:
    """Refuses rather than queues: who asks learns at once that the hub is busy."""

    def __init__(self, most: int, busy: Callable[[], HubError] = _too_many_questions) -> None:
        self._free = most
        self._busy = busy

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Raises what says that the hub is busy when too many are being answered."""
        if self._free <= 0:
            raise self._busy()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
