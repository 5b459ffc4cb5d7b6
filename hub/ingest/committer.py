"""Commit deltas (the changes of a batch) to the store, with retries.

If the store fails (disk full, database locked), the same delta is written again until the write succeeds. After
``STALLED_S`` the MQTT client stops reading, so that messages wait at the broker. If the store refuses a delta because
of a value in it (StoreRefused), it is not written again: the pipeline searches for the value.
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
"""The MQTT client is paused when commits have failed for this many seconds."""
OWNER = 1  # the owner number, see Store.commit; there is only one owner today


class IngestCounters(msgspec.Struct):
    """Counters since start-up, for metrics and status.

    Attributes:
        stored: records committed.
        duplicates: records dropped because they had been received before.
        rejected: rejected messages, and rejected items of messages.
        batches: commits.
        store_stalled: True while commits fail.
        oldest: when the oldest message in the running commit was received, in epoch ms; None between commits.
        lag_ms: how long the oldest message of the last commit had waited until it was committed.
    """

    stored: int = 0
    duplicates: int = 0
    rejected: int = 0
    batches: int = 0
    store_stalled: bool = False
    oldest: int | None = None
    lag_ms: int = 0

    def lag(self, now: int) -> int:
        """Return how long messages take from receipt to commit, in ms.

        This is the delay of the last commit. If the running commit has already taken longer by ``now``, it is that
        delay.
        """
        return self.lag_ms if self.oldest is None else max(self.lag_ms, now - self.oldest)


class Committer:
    """Writes the changes of each batch (:class:`Delta`) to the store.

    After each commit, it calls ``on_commit`` with the seconds that the commit took.
    """

    def __init__(self, store: Store, counters: IngestCounters, on_commit: Callable[[float], None]) -> None:
        self._store = store
        self._counters = counters
        self._on_commit = on_commit

    async def try_commit(self, delta: Delta) -> bool:
        """Try to commit once. Return False if the store failed."""
        try:
            await self._store.commit(OWNER, delta)
        except (StoreError, OSError):
            return False
        return True

    async def commit(self, delta: Delta, link: MqttClient | None, *, refusable: bool = True) -> None:
        """Commit, and retry until the store succeeds. A lasting failure is logged once.

        Args:
            delta: the changes to write.
            link: the MQTT client, which is paused after ``STALLED_S``; None without one.
            refusable: True to raise StoreRefused, False to retry in this case, too.

        Raises:
            StoreRefused: the store works, but this delta has values that it cannot write.
        """
        counters = self._counters
        started, pause, paused = time.monotonic(), 0.1, False
        counters.oldest = delta.oldest
        while True:
            try:
                await self._store.commit(OWNER, delta)
                break
            except (StoreError, OSError) as error:
                if refusable and isinstance(error, StoreRefused):
                    self._succeeded(link if paused else None)
                    raise
                if not counters.store_stalled:
                    log.error("Cannot write the history (%s). Retrying; messages wait until it succeeds.", error)
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
        """Log that the store works again, and resume the client if it was ``paused``."""
        if self._counters.store_stalled:
            log.warning("Writing the history works again. Waiting messages are being stored.")
            self._counters.store_stalled = False
        if paused is not None:
            paused.resume()
