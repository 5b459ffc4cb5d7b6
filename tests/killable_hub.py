"""Ingest path of a hub as a separate process that a test kills: MQTT client, pipeline and store with slow commits.

``killable_hub.py DATA PORT [eager]``; ``eager`` adds a fault that the test must detect: messages are acknowledged on
arrival, before they are stored. The process prints ``ready`` when it is subscribed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from hub.dialects import NativeDialect
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import RawMessage
from hub.mqtt.backoff import Backoff
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore

STALL_S = 0.25


class SlowStore(SqliteStore):
    async def commit(self, owner: int, delta: Delta) -> None:
        await asyncio.sleep(STALL_S)
        await super().commit(owner, delta)


class EagerLink(NegotiatingClient):
    """MQTT client that acknowledges on arrival instead of after the commit."""

    def ack(self, messages: Iterable[RawMessage]) -> None:
        pass

    def too_early(self, messages: Sequence[RawMessage]) -> None:
        super().ack(messages)


def now() -> int:
    return time.time_ns() // 1_000_000


async def main(data: Path, port: int, eager: bool) -> None:
    ingest_queue, bus = IngestQueue(), Bus()
    store = SlowStore.open(data)

    def take(messages: Sequence[RawMessage]) -> int:
        taken = ingest_queue.offer(messages)
        if isinstance(link, EagerLink):
            link.too_early(messages)
        return taken

    settings = MqttClientSettings("127.0.0.1", port, "hub-killable")
    kind = EagerLink if eager else NegotiatingClient
    link = kind(settings, take, lambda since, at: None, backoff=Backoff(0.02, 0.1))
    pipeline = Pipeline(
        ingest_queue=ingest_queue,
        dialects=[NativeDialect()],
        registry=DeviceRegistry(),
        engine=Engine([]),
        store=store,
        bus=bus,
        now=now,
    )
    pipeline.link = link
    link.subscribe(["devices/+/telemetry"])
    await pipeline.restore()
    async with asyncio.TaskGroup() as group:
        group.create_task(pipeline.run(), name="pipeline")
        group.create_task(link.run(), name="link")
        while not link.state.subscribed:
            await asyncio.sleep(0.01)
        print("ready", flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), "eager" in sys.argv[3:]))
