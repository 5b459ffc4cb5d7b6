"""Ingest path of a hub in the test's event loop: a real MQTT client, broker, pipeline and store."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from hub.dialects import NativeDialect
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import LostSession, SeriesQuery
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore
from receiver import until


class IngestRun:
    """Async context manager that subscribes on entry and drains and closes on exit."""

    def __init__(
        self,
        data: Path,
        port: int,
        *,
        now: Callable[[], int] | None = None,
        ingest_queue: IngestQueue | None = None,
        **link: Any,
    ) -> None:
        self.ingest_queue, self.bus, self.registry = ingest_queue or IngestQueue(), Bus(), DeviceRegistry()
        self.store = SqliteStore.open(data)
        settings = msgspec.structs.replace(MqttClientSettings("127.0.0.1", port, "hub-ingesting"), **link)
        self.link = NegotiatingClient(settings, self.ingest_queue.offer, self._lost, backoff=Backoff(0.02, 0.1))
        self.link.subscribe(["devices/+/telemetry"])
        self.pipeline = Pipeline(
            ingest_queue=self.ingest_queue,
            dialects=[NativeDialect()],
            registry=self.registry,
            engine=Engine([]),
            store=self.store,
            bus=self.bus,
            now=now or (lambda: time.time_ns() // 1_000_000),
        )
        self.pipeline.link = self.link
        self.gaps = 0
        self._tasks: list[asyncio.Task[None]] = []

    def _lost(self, since: int, now: int) -> None:
        self.gaps += 1
        self.ingest_queue.put(LostSession(since, now))

    async def __aenter__(self) -> IngestRun:
        await self.pipeline.restore()
        running = ((self.pipeline.run(), "pipeline"), (self.link.run(), "link"))
        self._tasks = [asyncio.create_task(work, name=name) for work, name in running]
        await until(lambda: self.link.state.subscribed)
        return self

    async def __aexit__(self, *_: object) -> None:
        pipeline, link = self._tasks
        self.ingest_queue.close()
        await self._drained(pipeline)
        link.cancel()
        with suppress(asyncio.CancelledError):
            await link
        self.bus.close()
        await self.store.close()

    async def _drained(self, pipeline: asyncio.Task[None]) -> None:
        """Wait until everything is stored, or fail with the state of queue, pipeline and tasks."""
        done, _ = await asyncio.wait([pipeline], timeout=20)
        if not done:
            stacks = io.StringIO()
            for task in asyncio.all_tasks():
                task.print_stack(file=stacks)
            raise AssertionError(
                f"not drained: {len(self.ingest_queue)} wait, {self.ingest_queue.received} received,"
                f" {self.ingest_queue.shed} shed, {self.pipeline.counters}\n{stacks.getvalue()}"
            )
        await pipeline

    async def values(self, device: str, metric: str = "value") -> list[float]:
        [series] = await self.store.history([SeriesQuery(device, metric, 0, 2**53)])
        return [float(point[1]) for point in series.points]
