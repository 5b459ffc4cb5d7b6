"""Throughput of the hub: message rate, queues, losses, and the devices that send most."""

from __future__ import annotations

import asyncio
import heapq
import math
import time
from collections import deque
from collections.abc import Callable
from operator import itemgetter

from hub.api.schemas.throughput import BusyShape, FlowShape
from hub.ingest.committer import IngestCounters
from hub.ingest.queue import IngestQueue
from hub.mqtt.client import MqttClientState
from hub.registry.registry import DeviceRegistry

SAMPLE_S = 2.0
"""Seconds over which the message rate is measured."""
MINUTE_SAMPLES = round(60 / SAMPLE_S)
"""Number of samples in a minute."""
BUSIEST = 10
BUSIEST_CACHE_S = 4.0
"""Seconds for which the list of the busiest devices is reused, because finding them reads the whole registry."""


class Throughput:
    """Measures the message rate, and reads the counters of the queue and the pipeline.

    Attributes:
        rate: Messages a second, over the last :data:`SAMPLE_S` seconds.
        last_minute: Messages in the last minute. For devices that send rarely, ``rate`` is 0 most of the time.
    """

    def __init__(
        self,
        *,
        registry: DeviceRegistry,
        ingest_queue: IngestQueue,
        counters: IngestCounters,
        broker: Callable[[], MqttClientState],
        dropped: Callable[[], int],
        now: Callable[[], int],
    ) -> None:
        self.rate = 0.0
        self.last_minute = 0
        self._registry = registry
        self._ingest_queue = ingest_queue
        self._counters = counters
        self._broker = broker
        self._dropped = dropped
        self._now = now
        self._busiest: list[BusyShape] = []  # cached result of busiest()
        self._busiest_at = -math.inf  # when it was computed, by the monotonic clock

    async def run(self) -> None:
        """Measure the message rate until cancelled."""
        before, then = self._ingest_queue.received, time.monotonic()
        samples = deque([before], maxlen=MINUTE_SAMPLES + 1)  # the counter at each sample, the oldest a minute ago
        while True:
            await asyncio.sleep(SAMPLE_S)
            received, now = self._ingest_queue.received, time.monotonic()
            self.rate, before, then = (received - before) / (now - then), received, now
            samples.append(received)
            self.last_minute = received - samples[0]

    def counters(self) -> dict[str, int]:
        """Return the counters of messages and batches since start-up."""
        return {
            "received": self._ingest_queue.received,
            "stored": self._counters.stored,
            "rejected": self._counters.rejected,
            "shed": self._ingest_queue.shed,
            "duplicates": self._counters.duplicates,
            "batches": self._counters.batches,
        }

    def flow(self) -> FlowShape:
        """Return the present rate, lag, queue lengths and losses."""
        return FlowShape(
            rate=round(self.rate, 1),
            last_minute=self.last_minute,
            lag_ms=self._counters.lag(self._now()),
            queue=len(self._ingest_queue),
            unacknowledged=self._broker().held,
            dropped=self._dropped(),
            store_stalled=self._counters.store_stalled,
        )

    def busiest(self) -> list[BusyShape]:
        """Return the online devices that send most often. The result is cached for :data:`BUSIEST_CACHE_S` seconds."""
        now = time.monotonic()
        # Several pages request this every few seconds. Reading 100,000 devices each time would delay everything else.
        if now - self._busiest_at >= BUSIEST_CACHE_S:
            expected_interval, at = self._registry.fast_path.expected_interval, self._now()
            online = (each for each in self._registry.devices() if each.presence == "online")
            sending = (  # if a device has been silent for longer than its usual interval, that time is used instead
                (max(interval, at - (each.last_seen or at)), each)
                for each in online
                if (interval := expected_interval(each))
            )
            self._busiest = [
                BusyShape(device=each.id, name=each.display_name, rate=round(1_000 / interval, 2))
                for interval, each in heapq.nsmallest(BUSIEST, sending, key=itemgetter(0))
            ]
            self._busiest_at = now
        return self._busiest
