"""Sign-ins in progress: each is kept for a short time and used once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
MAX_PENDING = 1_000
MAX_PER_CLIENT = 20


class _Entry(NamedTuple, Generic[T]):
    value: T
    client: str
    expires: float


class Pending(Generic[T]):
    """Values of sign-ins in progress, stored by a random key.

    ``client`` is any string that identifies the client that started the sign-in. A client that exceeds
    ``MAX_PER_CLIENT`` loses its oldest value. Beyond ``MAX_PENDING`` values, the oldest value of all is removed.
    """

    def __init__(self, lifetime_s: float, now: Callable[[], float]) -> None:
        self._lifetime_s = lifetime_s
        self._now = now
        self._entries: dict[str, _Entry[T]] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, key: str, value: T, client: str) -> None:
        """Store a value until :meth:`take` removes it or it expires."""
        self._drop_expired()
        own = [each for each, entry in self._entries.items() if entry.client == client]
        if len(own) >= MAX_PER_CLIENT or len(self._entries) >= MAX_PENDING:
            del self._entries[own[0] if len(own) >= MAX_PER_CLIENT else next(iter(self._entries))]
        self._entries[key] = _Entry(value, client, self._now() + self._lifetime_s)

    def take(self, key: str) -> T | None:
        """Remove the value with this key and return it, None if there is none or it has expired."""
        self._drop_expired()
        entry = self._entries.pop(key, None)
        return None if entry is None else entry.value

    def _drop_expired(self) -> None:
        now = self._now()
        for key in [key for key, entry in self._entries.items() if entry.expires <= now]:
            del self._entries[key]
