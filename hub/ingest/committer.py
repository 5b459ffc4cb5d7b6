"""Writing a batch until it is written. It knows nothing of what a batch means.

A store that fails is tried again with the same bytes; one that fails for long makes the link stop taking messages in,
so that the broker queues them. What a store refuses for its values is not tried again: its caller finds the values.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from hub.errors import StoreError, StoreRefused
from hub.mqtt.client import MqttClient
from hub.runtime.clock import now_ms
from hub.store.base import Delta, Store

log = logging.getLogger(__name__)

STALLED_S = 60.0
"""A store that has failed for this long: the link stops taking messages and the broker queues them."""
EPOCH = 1


class IngestCounters(msgspec.Struct):
    """What has come through since the start. ``store_stalled`` while the store fails. ``oldest`` is when the oldest
    message of the batch that is being written had come, ``lag_ms`` how long that of the last one had waited."""

    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    batches: int = 0
    store_stalled: bool = False
    oldest: int | None = None
    lag_ms: int = 0

    def lag(self, now: int) -> int:
        """How many ms lie between a message's arrival and its commit, at the worst, as things are at ``now``."""
        return self.lag_ms if self.oldest is None else max(self.lag_ms, now - self.oldest)


class Committer:
    """``on_commit`` is told how many seconds each commit took."""

    def __init__(self, store: Store, counters: IngestCounters, on_commit: Callable[[float], None]) -> None:
        self._store = store
        self._counters = counters
        self._on_commit = on_commit

    async def try_commit(self, delta: Delta) -> bool:
        """Write what may as well stay unwritten, once; whether it was written."""
        try:
            await self._store.commit(EPOCH, delta)
        except (StoreError, OSError):
            return False
        return True

    async def commit(self, delta: Delta, link: MqttClient | None, *, refusable: bool = True) -> None:
        """Write until it is written. Said once in the log, not at every try.

        Raises StoreRefused where that is of no use, unless it is not ``refusable``."""
        counters = self._counters
        started, pause, paused = time.monotonic(), 0.1, False
        counters.oldest = delta.oldest
        while True:
            try:
                await self._store.commit(EPOCH, delta)
                break
            except (StoreError, OSError) as error:
                if refusable and isinstance(error, StoreRefused):
                    self._succeeded(link if paused else None)
                    raise
                if not counters.store_stalled:
                    log.error("the history cannot be written, trying until it can: %s", error)
                counters.store_stalled = True
            if link is not None and not paused and time.monotonic() - started > STALLED_S:
                link.pause()
                paused = True
            await asyncio.sleep(pause)
            pause = min(5.0, pause * 2)
        self._succeeded(link if paused else None)
        if counters.oldest is not None:
            counters.lag_ms, counters.oldest = max(0, now_ms() - counters.oldest), None
        counters.batches += 1
        counters.rejected += len(delta.rejections)
        counters.stored += delta.count
        self._on_commit(time.monotonic() - started)

    def _succeeded(self, paused: MqttClient | None) -> None:
        """The store answers."""
        if self._counters.store_stalled:
            log.warning("the history is written again")
            self._counters.store_stalled = False
        if paused is not None:
            paused.resume()
