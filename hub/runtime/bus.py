"""Publish/subscribe bus for events within the process.

The publisher never waits. A subscription queues at most ``capacity`` batches. When the queue is full, all its batches
are dropped, and the subscriber gets :class:`Lagged`. The subscriber then reads the current state again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from hub.events import Event


class Lagged(msgspec.Struct, frozen=True):
    """Tells a subscriber that it was too slow, and that ``dropped`` batches of events were dropped from its queue."""

    dropped: int


class Closed(Exception):
    """Raised when the bus is closed and no more events follow."""


class Subscription:
    """One subscriber's bounded queue of batches."""

    def __init__(self, capacity: int) -> None:
        self._batches: deque[Sequence[Event]] = deque()
        self._capacity = capacity
        self._ready = asyncio.Event()
        self._dropped = 0
        self._closed = False

    def push(self, batch: Sequence[Event]) -> None:
        """Add a batch. If the queue is full, first drop all batches in the queue."""
        if len(self._batches) >= self._capacity:
            self._dropped += len(self._batches)
            self._batches.clear()
        self._batches.append(batch)
        self._ready.set()

    def close(self) -> None:
        self._closed = True
        self._ready.set()

    async def get(self) -> Sequence[Event | Lagged]:
        """Wait for the next batch and return it. Raises :class:`Closed` when no more batches follow.

        If batches were dropped since the last call, ``[Lagged]`` is returned first.
        """
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
    """Delivers each published batch to all subscriptions."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription] = set()
        self.seq = 0  # batches published so far
        self.closed = False

    @contextmanager
    def subscribe(self, capacity: int = 256) -> Iterator[Subscription]:
        """Subscribe until the ``with`` block ends.

        Read the current state inside the block, not before it: then no event is missed.
        """
        subscription = Subscription(capacity)
        self._subscriptions.add(subscription)
        if self.closed:
            subscription.close()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    def publish(self, batch: Sequence[Event]) -> None:
        """Queue a batch for every subscription."""
        self.seq += 1
        for subscription in self._subscriptions:
            subscription.push(batch)

    def close(self) -> None:
        """Close the bus. Each subscriber still gets the batches in its queue, and then :class:`Closed`."""
        self.closed = True
        for subscription in self._subscriptions:
            subscription.close()
