"""A hub without broker and API, as a process that is killed: an alert starts a command and a webhook.

``killable_reactions.py DATA URL MOMENT``; MOMENT is where it kills itself:

``alert``    after the commit of the alert, before the reactions have seen it
``command``  after the run is stored, before its command enters the pipeline
``sending``  after the command is stored as sent, before it is published
``message``  after the message of the reaction in MESSAGE was published, before its run is finished
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from hub.assembly.build_notifications import build_notifications
from hub.assembly.build_reactions import build_reactions
from hub.dialects import NativeDialect
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import Command, RawMessage, SendCommand, Tick
from hub.reactions import parse as parse_reactions
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.services.audit_log import AuditLog
from hub.services.reaction_publisher import ReactionBroker
from hub.store.sqlite import SqliteStore

RULE = '[[rule]]\nid = "hot"\nmetric = "temperature"\nabove = 80\nseverity = "critical"\n'
INFO = b'{"commands": {"stop": {"type": "boolean", "confirm_by": "stopped"}}}'
REACTIONS = """
[[reaction]]
id = "stop"
alert = {{ rules = ["hot"] }}
command = {{ name = "stop", value = true }}

[[reaction]]
id = "tell"
alert = {{ rules = ["hot"] }}
webhook = {{ url = "{url}" }}
"""
MESSAGE = """
[[reaction]]
id = "say"
alert = {{ rules = ["hot"] }}
publish = {{ topic = "site/hot", payload = "{{{{ device }}}} {{{{ value }}}}" }}
"""
PUBLISHED = "published.txt"
"""The file in the data folder to which published messages are appended."""


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@contextlib.asynccontextmanager
async def hub(
    data: Path, url: str, moment: str = "", text: str = REACTIONS
) -> AsyncIterator[tuple[SqliteStore, IngestQueue, list[Command]]]:
    """Run a hub with the reactions ``text``. Yield its store, its queue, and the commands that it publishes."""
    store, queue, bus, registry = SqliteStore.open(data), IngestQueue(), Bus(), DeviceRegistry()
    engine = Engine(parse(RULE))
    published: list[Command] = []
    notifications = build_notifications(data, store, bus, engine, registry, "http://hub.test")

    async def submit(item: Any) -> Any:
        if moment == "command" and isinstance(item, SendCommand):
            die()
        return await queue.submit(item)

    async def publish(topic: str, payload: bytes, *, qos: int, retained: bool) -> None:
        with (data / PUBLISHED).open("a") as stream:
            stream.write(f"{topic} {payload.decode()}\n")
        if moment == "message":
            die()

    reactions = build_reactions(
        parse_reactions(text.format(url=url)),
        store=store,
        bus=bus,
        engine=engine,
        registry=registry,
        notifications=notifications,
        submit=submit,
        audit=AuditLog(store.audit, now_ms),
        broker=ReactionBroker(publish, lambda topic: None),
    )
    await reactions.restore()
    pipeline = Pipeline(
        ingest_queue=queue,
        dialects=[NativeDialect()],
        registry=registry,
        engine=engine,
        store=store,
        bus=bus,
        now=now_ms,
        on_command=lambda command: die() if moment == "sending" else published.append(command),
        notices=notifications.notices,
        reaction_steps=reactions.steps,
    )
    await pipeline.restore()
    tasks = [
        asyncio.create_task(pipeline.run(), name="pipeline"),
        asyncio.create_task(notifications.run(), name="notifications"),
    ]
    if moment != "alert":
        tasks.append(asyncio.create_task(reactions.run(), name="reactions"))
    try:
        yield store, queue, published
    finally:
        queue.close()
        await tasks[0]
        bus.close()
        await asyncio.gather(*tasks[1:])
        await store.close()


async def main(data: Path, url: str, moment: str) -> None:
    async with hub(data, url, moment, MESSAGE if moment == "message" else REACTIONS) as (store, queue, _):
        queue.offer([RawMessage("devices/pump/info", INFO, now_ms(), retained=True)])
        queue.offer([RawMessage("devices/pump/telemetry", b'{"temperature": 95}', now_ms())])
        while True:
            await queue.submit(Tick(now_ms(), 0))
            await asyncio.sleep(0.005)
            if moment == "alert" and await store.alerts():
                die()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:4]))
