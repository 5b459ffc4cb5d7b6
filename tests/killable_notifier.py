"""A hub without broker and API, as a process that is killed: it raises one alert and sends it to a webhook.

``killable_notifier.py DATA URL [die]``; with ``die`` it kills itself after the commit of the alert, before anything is
sent.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from hub.assembly.build_notifications import build_notifications
from hub.dialects import NativeDialect
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import RawMessage
from hub.notifications.routes import NotificationRoute, RouteStep
from hub.notifications.settings import NotificationChannel
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.store.sqlite import SqliteStore

RULE = '[[rule]]\nid = "hot"\nname = "Hot"\nmetric = "temperature"\nabove = 80\nseverity = "critical"\n'


async def main(data: Path, url: str, die: bool, device: str = "pump-1") -> None:
    """Run until cancelled. Without ``device`` no alert is raised; only deliveries of an earlier process are sent."""
    store, queue, bus, registry = SqliteStore.open(data), IngestQueue(), Bus(), DeviceRegistry()
    engine = Engine(parse(RULE))
    notifications = build_notifications(data, store, bus, engine, registry, "http://hub.test")
    await notifications.config.put_channel(NotificationChannel("hook", "webhook", "Hook", {"url": url}))
    route = NotificationRoute(
        "All", steps=(RouteStep(channels=("*",)),), group_wait_s=0, diagnosis_wait_s=0, repeat_s=0
    )
    await notifications.config.put_routes((route,))
    pipeline = Pipeline(
        ingest_queue=queue,
        dialects=[NativeDialect()],
        registry=registry,
        engine=engine,
        store=store,
        bus=bus,
        now=now_ms,
        notices=notifications.notices,
    )
    await pipeline.restore()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(pipeline.run(), name="pipeline")
            if device:
                queue.offer([RawMessage(f"devices/{device}/telemetry", b'{"temperature": 95}', now_ms())])
            while die:
                await asyncio.sleep(0.005)
                if await store.alerts():
                    os.kill(os.getpid(), signal.SIGKILL)
            group.create_task(notifications.run(), name="notifications")
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], "die" in sys.argv[3:]))
