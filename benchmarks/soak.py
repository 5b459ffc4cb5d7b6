"""Growth of a hub under steady use: memory, open files, threads and tasks.

``python -m benchmarks.soak [--minutes 60] [--rate 500] [--devices 200]``

A hub with its own Mosquitto gets telemetry of all devices. Some values exceed their limit for a while, and devices lose
their connection and come back. At the same time, clients open and close the dashboard's WebSocket and event streams,
read history and metrics, ask questions, upload pictures and edit rules, so that every resource is acquired and released
many times. The table has one row a minute. The last lines compare the third quarter of the run with the fourth: a
figure that grows between them shows a leak. The status is 1 if memory grew by more than 20 %, or open files or tasks by
more than 10 % and at least 5.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import logging
import math
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

import aiomqtt
import httpx
import psutil
import websockets
from PIL import Image

from benchmarks.ingest.peers import Hub, hub
from hub.mqtt.demo_broker import DemoBroker

CONNECTIONS = 10
"""Number of MQTT connections. Each serves an equal share of the devices, like a gateway."""
QUESTIONS = ("Which device is hottest?", "What changed in the last hour?", "Why?", "How many alerts are open?")


class Growth(NamedTuple):
    """A growth that is too much: by more than this share of the value, and by at least this number."""

    share: float
    number: float


LIMITS = {"memory": Growth(0.2, 0), "files": Growth(0.1, 5), "tasks": Growth(0.1, 5)}
"""The growth from the third quarter of a run to the fourth that shows a leak."""


class Sample(NamedTuple):
    """The hub's process at one moment. ``memory`` is in MB; ``stored`` counts messages since the start."""

    memory: float
    files: int
    threads: int
    tasks: int
    alerts: int
    stored: int


async def feed(port: int, devices: range, rate: float, ends: float) -> None:
    """Publish ``rate`` messages a second of these devices at QoS 1; drop the connection at times without DISCONNECT."""
    draw, number = random.Random(devices.start), 0
    while time.monotonic() < ends:
        until = min(ends, time.monotonic() + draw.uniform(60, 180))
        with suppress(aiomqtt.MqttError):
            async with aiomqtt.Client("127.0.0.1", port, identifier=f"soak-{devices.start}") as client:
                began = time.monotonic()
                for sent in range(int(rate * (until - began))):
                    device, number = devices[number % len(devices)], number + 1
                    hot = 30 if (time.time() + 7 * device) % 300 < 20 else 0  # 20 s in five minutes
                    value = 60 + hot + 5 * math.sin(time.time() / 600) + draw.gauss(0, 0.3)
                    body = {"temperature": round(value, 2), "vibration": round(draw.gauss(2, 0.1), 3), "seq": number}
                    await client.publish(f"devices/sensor_{device:04}/telemetry", json.dumps(body), qos=1)
                    await asyncio.sleep(max(0.0, began + (sent + 1) / rate - time.monotonic()))
                client._client._sock_close()  # no DISCONNECT
        await asyncio.sleep(draw.uniform(1, 10))


async def watch(http: str) -> None:
    """Open the dashboard's socket for a few seconds."""
    async with websockets.connect(
        f"ws://{http}/api/live", origin=websockets.Origin(f"http://{http}"), max_size=None
    ) as socket:
        await socket.send(json.dumps({"type": "hello"}))
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                async for frame in socket:
                    message = json.loads(frame)
                    if "seq" in message:
                        await socket.send(json.dumps({"type": "ack", "seq": message["seq"]}))


async def listen(client: httpx.AsyncClient) -> None:
    """Read the event stream for a few seconds and leave in the middle."""
    with suppress(TimeoutError):
        async with asyncio.timeout(5), client.stream("GET", "/events/devices") as answer:
            async for _ in answer.aiter_bytes():
                pass


async def read(client: httpx.AsyncClient) -> None:
    for path in (
        "/api/devices",
        "/api/alerts",
        "/api/incidents",
        "/metrics",
        "/api/devices/sensor_0001/history?metric=temperature",
        "/",
    ):
        (await client.get(path)).raise_for_status()


async def ask(client: httpx.AsyncClient) -> None:
    for question in QUESTIONS:
        (await client.post("/ask", json={"question": question})).raise_for_status()


async def upload(client: httpx.AsyncClient) -> None:
    picture = io.BytesIO()
    Image.effect_noise((640, 480), 50).save(picture, "PNG")
    file = {"file": ("noise.png", picture.getvalue(), "image/png")}
    (await client.post("/analyze/image", files=file)).raise_for_status()


async def edit(client: httpx.AsyncClient) -> None:
    """Create and delete a rule."""
    rule = {"id": "soak", "name": "Soak", "metric": "vibration", "above": 2.05, "severity": "info"}
    revision = (await client.get("/api/rules/text")).json()["revision"]
    made = await client.post("/api/rules", json={"rule": rule, "revision": revision})
    revision = made.raise_for_status().json()["revision"]
    await asyncio.sleep(3)
    (await client.delete("/api/rules/soak", params={"revision": revision})).raise_for_status()


class Uses:
    """Operations that clients repeat. ``failed`` has the number of failures by operation, and the last failure."""

    def __init__(self) -> None:
        self.done: dict[str, int] = {}
        self.failed: dict[str, tuple[int, str]] = {}

    async def repeat(self, name: str, use: Callable[[], Awaitable[None]], pause: float, ends: float) -> None:
        """Repeat ``use`` until ``ends`` (monotonic seconds), ``pause`` seconds apart."""
        while time.monotonic() < ends:
            try:
                await use()
                self.done[name] = self.done.get(name, 0) + 1
            except (httpx.HTTPError, OSError, websockets.WebSocketException) as error:
                self.failed[name] = (self.failed.get(name, (0, ""))[0] + 1, repr(error)[:200])
            await asyncio.sleep(pause)


async def sample(client: httpx.AsyncClient, process: psutil.Process) -> Sample:
    lines = (await client.get("/metrics")).text.splitlines()
    value = {name: float(number) for name, number in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}
    alerts = sum(number for name, number in value.items() if name.startswith("hub_open_alerts"))
    tasks, stored = int(value["hub_tasks"]), int(value["hub_messages_stored_total"])
    memory = process.memory_info().rss / 1e6
    return Sample(memory, process.num_fds(), process.num_threads(), tasks, int(alerts), stored)


async def observe(client: httpx.AsyncClient, process: psutil.Process, minutes: int) -> list[Sample]:
    """Print and return one sample a minute."""
    print("minute  memory MB  files  threads  tasks  alerts      stored", flush=True)
    found = []
    for minute in range(1, minutes + 1):
        await asyncio.sleep(60)
        found.append(one := await sample(client, process))
        row = f"{one.files:6} {one.threads:8} {one.tasks:6} {one.alerts:7} {one.stored:11,}"
        print(f"{minute:6} {one.memory:10.1f} {row}", flush=True)
    return found


def compare(found: Sequence[Sample]) -> list[str]:
    """Print the medians of the third and of the fourth quarter of the run. Return the names of the figures that grew.

    A figure grew if its growth reaches the limit in ``LIMITS``.
    """
    quarter = max(1, len(found) // 4)
    grown = []
    for name in ("memory", "files", "threads", "tasks"):
        third, fourth = (
            statistics.median(getattr(one, name) for one in part)
            for part in (found[-2 * quarter : -quarter] or found, found[-quarter:])
        )
        print(f"{name:8} third quarter {third:8.1f}, fourth {fourth:8.1f} ({fourth / third - 1:+.1%})")
        limit = LIMITS.get(name)
        if limit is not None and fourth - third > limit.share * third and fourth - third >= limit.number:
            grown.append(name)
    return grown


async def use(running: Hub, port: int, devices: int, rate: float, minutes: int) -> list[str]:
    """Use the hub for some minutes. Return the names of the figures that grew."""
    ends, uses = time.monotonic() + 60 * minutes, Uses()
    async with (
        httpx.AsyncClient(base_url=f"http://{running.http}", timeout=300) as client,
        asyncio.TaskGroup() as tasks,
    ):
        share = devices // CONNECTIONS
        for first in range(0, share * CONNECTIONS, share):
            tasks.create_task(feed(port, range(first, first + share), rate / CONNECTIONS, ends))
        for name, once, pause in (
            ("dashboard", lambda: watch(running.http), 1),
            ("dashboard 2", lambda: watch(running.http), 2),
            ("event stream", lambda: listen(client), 1),
            ("reading", lambda: read(client), 2),
            ("questions", lambda: ask(client), 10),
            ("uploads", lambda: upload(client), 30),
            ("rule edits", lambda: edit(client), 30),
        ):
            tasks.create_task(uses.repeat(name, once, pause, ends))
        found = await observe(client, running.process, minutes)
    grown = compare(found)
    print("done:", ", ".join(f"{name} {count:,}" for name, count in sorted(uses.done.items())))
    print("failed:", ", ".join(f"{name} {count} ({last})" for name, (count, last) in uses.failed.items()) or "none")
    print("grew:", ", ".join(grown) or "none")
    return grown


async def run(devices: int, rate: float, minutes: int) -> list[str]:
    broker = await DemoBroker.start("127.0.0.1", 0, kind="mosquitto")
    try:
        async with hub(broker.port, 1_000) as running:
            return await use(running, broker.port, devices, rate, minutes)
    finally:
        await broker.stop()


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--rate", type=float, default=500, help="messages a second")
    parser.add_argument("--devices", type=int, default=200)
    options = parser.parse_args()
    logging.getLogger("mqtt").setLevel(logging.ERROR)  # aiomqtt warns of each connection that it drops
    sys.exit(1 if asyncio.run(run(options.devices, options.rate, options.minutes)) else 0)


if __name__ == "__main__":
    main()
