"""Fan-out of events to whoever listens. Lossy by design: a listener that falls behind is told, never waited for.

A subscription holds at most ``capacity`` batches; on overflow they are dropped and the next thing the listener gets
is :class:`Lagged`, upon which it reads the state afresh.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from hub.events import Event


class Lagged(msgspec.Struct, frozen=True):
    """``dropped`` batches were lost to this listener."""

    dropped: int


class Closed(Exception):
    """The bus is closed: no event will come any more."""


class Subscription:
    """One listener's bounded queue of batches."""

    def __init__(self, capacity: int) -> None:
        self._batches: deque[Sequence[Event]] = deque()
        self._capacity = capacity
        self._ready = asyncio.Event()
        self._dropped = 0
        self._closed = False

    def push(self, batch: Sequence[Event]) -> None:
        if len(self._batches) >= self._capacity:
            self._dropped += len(self._batches)
            self._batches.clear()
        self._batches.append(batch)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def get(self) -> Sequence[Event | Lagged]:
        """The next batch, or ``[Lagged]`` first if some were dropped. Raises :class:`Closed` at the end."""
        while not self._batches:
            if self._closed:
                raise Closed
            self._ready.clear()
            await self._ready.wait()
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            return [Lagged(dropped)]
        return self._batches.popleft()


class Bus:
    """Publish is synchronous and never waits. ``seq`` counts published batches, so gaps are visible."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.seq = 0
        self.closed = False

    @contextmanager
    def subscribe(self, capacity: int = 256) -> Iterator[Subscription]:
        """Subscribe first, then read the snapshot: what happens in between is not lost."""
        subscription = Subscription(capacity)
        self._subscriptions.add(subscription)
        if self.closed:
            subscription.close()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, batch: Sequence[Event]) -> None:
        self.seq += 1
        for subscription in self._subscriptions:
            subscription.push(batch)

    def close(self) -> None:
        """Ends every subscription once it has read what waits."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.close()
