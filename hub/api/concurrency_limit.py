"""Limit how many requests of one kind, such as questions, are in progress at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hub.errors import AiUnavailable, HubError


def _too_many_questions() -> HubError:
    return AiUnavailable("too many questions are being answered already.", "Try again in a moment.")


class ConcurrencyLimit:
    """A number of slots. A request without a free slot is refused at once rather than queued."""

    def __init__(self, slots: int, busy: Callable[[], HubError] = _too_many_questions) -> None:
        self._free = slots
        self._busy = busy

    @contextmanager
    def acquire(self) -> Iterator[None]:
        """Hold a slot while the context is open. Raises the error of ``busy`` if none is free."""
        if self._free <= 0:
            raise self._busy()
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
