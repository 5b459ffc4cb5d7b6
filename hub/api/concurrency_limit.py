"""Limit how many requests of one kind, such as questions, are in progress at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.errors import AiUnavailable, HubError


def _too_many_questions() -> HubError:
    return AiUnavailable("too many questions are being answered already.", "Try again in a moment.")


class ConcurrencyLimit:
    """Limits how many requests are in progress at the same time. A request above the limit is refused, not queued.

    ``slots`` is the limit. ``busy`` makes the error for a refused request.
    """

    def __init__(self, slots: int, busy: Callable[[], HubError] = _too_many_questions) -> None:
        self._free = slots
        self._busy = busy

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold a slot while the block runs. Raises the error that ``busy`` makes if no slot is free."""
        if self._free <= 0:
            raise self._busy()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
