"""Time from a reading beyond its limit to the hand-over of the notification.

``python -m benchmarks.notifications [--seconds 15] [--rate 5000] [--storm 500] [--kills 20]``

- *steady*: ``--rate`` messages a second, of which two have a value beyond its limit. The time counts from the time of
  the message to the arrival of the notification at an HTTP server in this process; the hub runs in another process.
- *storm*: ``--storm`` devices raise an alert at once, with one notification each. There are two working channels, one
  that hangs, one that answers 429, one that answers 410, and one without a server. The figures are the delays of the
  two working channels, the hub's memory before and after, and the states of the deliveries.
- *kills*: SIGKILL between the commit of an alert and the hand-over, and between the hand-over and its record,
  ``--kills`` times.

The hub has a store, a pipeline, rules and notifications, but no broker and no dashboard.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import msgspec
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from http_receiver import HttpReceiver, Posted, http_receiver
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
from killable_notifier import RULE
from test_notification_kills import (
    test_hub_killed_after_hand_over_repeats_once_with_the_same_key as killed_after,
)
from test_notification_kills import (
    test_hub_killed_before_hand_over_delivers_exactly_once as killed_before,
)

DEVICES = 1_000
TICK_S = 0.02
SETTLE_S = 8.0


class Load(msgspec.Struct, frozen=True):
    """Load of one run. ``urls`` has a channel's URL by id. In the middle of the run, ``storm`` alerts come at once."""

    folder: str
    urls: dict[str, str]
    rate: int
    seconds: float
    storm: int = 0


class Outcome(msgspec.Struct, frozen=True):
    """Figures of the hub after a run: memory in MB, and the number of deliveries by channel and state.

    ``lag_s`` is the time that the oldest message of the last commit had waited when the last message arrived. ``cpu_s``
    is the CPU time since the storm, or since the start without a storm.
    """

    offered: int
    handled: int
    lag_s: float
    before_mb: float
    after_mb: float
    cpu_s: float
    deliveries: dict[str, dict[str, int]]


async def run_hub(load: Load) -> Outcome:
    """Run a hub with this load."""
    store, queue, bus, registry = SqliteStore.open(Path(load.folder)), IngestQueue(), Bus(), DeviceRegistry()
    engine = Engine(parse(RULE))
    notifications = build_notifications(Path(load.folder), store, bus, engine, registry, "http://hub.test")
    for channel, url in load.urls.items():
        await notifications.config.put_channel(NotificationChannel(channel, "webhook", channel, {"url": url}))
    step = RouteStep(channels=("*",))
    route = NotificationRoute("All", steps=(step,), group_by="alert", group_wait_s=0, diagnosis_wait_s=0, repeat_s=0)
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
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(pipeline.run(), name="pipeline"),
            group.create_task(notifications.run(), name="notifications"),
        ]
        offered, before_mb, before_s = await feed(queue, load)
        lag_s = pipeline.counters.lag_ms / 1_000
        await asyncio.sleep(SETTLE_S)
        deliveries: dict[str, dict[str, int]] = {}
        for (channel, state), count in (await store.notifications.counts()).items():
            deliveries.setdefault(channel, {})[state] = count
        cpu_s, stored = time.process_time() - before_s, pipeline.counters.stored
        outcome = Outcome(offered, stored, lag_s, before_mb, resident_mb(), cpu_s, deliveries)
        for task in tasks:
            task.cancel()
    await store.close()
    return outcome


async def feed(queue: IngestQueue, load: Load) -> tuple[int, float, float]:
    """Queue messages at the rate of ``load``.

    Return their number, and the memory in MB and the CPU time in seconds that the hub used before the storm.
    """
    sent, alarmed, started, first = 0, 0, time.monotonic(), now_ms()
    before_mb, before_s = resident_mb(), time.process_time()
    batch: list[RawMessage] = []
    while (elapsed := time.monotonic() - started) < load.seconds:
        due = int(elapsed * load.rate)
        batch += [message(f"steady-{number % DEVICES}", 20 + number % 7, now_ms()) for number in range(sent, due)]
        if load.storm and not alarmed and elapsed > load.seconds / 2:
            alarmed, before_mb, before_s = load.storm, resident_mb(), time.process_time()
            stamp = first + round(load.seconds * 500)
            batch += [message(f"storm-{number}", 95, stamp) for number in range(load.storm)]
        elif not load.storm and alarmed < int(elapsed * 2):
            alarmed += 1  # with the time when it was due: a busy event loop must not hide its own delay
            batch.append(message(f"alarm-{alarmed}", 95, first + alarmed * 500))
        batch = batch[queue.offer(batch) :]
        sent = due
        await asyncio.sleep(TICK_S)
    return sent + alarmed, before_mb, before_s


def message(device: str, temperature: float, stamp: int) -> RawMessage:
    body = json.dumps({"temperature": temperature, "ts": stamp}).encode()
    return RawMessage(f"devices/{device}/telemetry", body, stamp)


def resident_mb() -> float:
    return psutil.Process().memory_info().rss / 2**20


async def in_process(load: Load) -> Outcome:
    """Run the hub in another process and return its figures."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    words = [sys.executable, "-m", "benchmarks.notifications", "--hub", msgspec.json.encode(load).decode()]
    child = await asyncio.create_subprocess_exec(*words, env=environ, stdout=asyncio.subprocess.PIPE)
    out, _ = await child.communicate()
    return msgspec.json.decode(out.splitlines()[-1], type=Outcome)


class Arrivals:
    """Answers requests to the channels. ``late`` has the delays of the notifications in seconds, by path."""

    def __init__(self, receiver: HttpReceiver) -> None:
        self.late: dict[str, list[float]] = {}
        receiver.answer = self.answer

    async def answer(self, posted: Posted) -> str:
        arrived = now_ms()
        if posted.path == "/hangs":
            await asyncio.sleep(3_600)
        if posted.path == "/busy":
            return "429 Too Many Requests\r\nRetry-After: 60\r\n"
        if posted.path == "/gone":
            return "410 Gone\r\n"
        since = posted.json["alerts"][0]["since"]
        self.late.setdefault(posted.path, []).append((arrived - since) / 1_000)
        return "200 OK\r\n"

    def line(self, path: str) -> str:
        late = sorted(self.late.get(path, [0.0, 0.0]))
        ninth = quantiles(late, n=10)[-1] if len(late) > 1 else late[0]
        times = f"median {median(late):.2f} s, p90 {ninth:.2f} s, max {late[-1]:.2f} s"
        return f"{path[1:]:8} {len(late):4} messages, {times}"


async def steady(rate: int, seconds: float) -> None:
    async with http_receiver() as receiver:
        arrivals = Arrivals(receiver)
        with tempfile.TemporaryDirectory() as folder:
            outcome = await in_process(Load(folder, {"works": f"{receiver.url}/works"}, rate, seconds))
        print(f"steady: {outcome.handled:,} of {outcome.offered:,} messages in {seconds:g} s, {words(outcome)}")
        print(f"  {arrivals.line('/works')}")


async def storm(rate: int, seconds: float, count: int) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with http_receiver() as receiver:
            arrivals = Arrivals(receiver)
            urls = {name: f"{receiver.url}/{name}" for name in ("works", "works2", "hangs", "busy", "gone")}
            urls["closed"] = f"http://127.0.0.1:{closed.getsockname()[1]}/"
            with tempfile.TemporaryDirectory() as folder:
                outcome = await in_process(Load(folder, urls, rate, seconds, count))
    print(f"storm of {count} alerts, {outcome.handled:,} of {outcome.offered:,} messages, {words(outcome)}")
    for path in ("/works", "/works2"):
        print(f"  {arrivals.line(path)}")
    print(
        f"  memory {outcome.before_mb:.0f} MB before, {outcome.after_mb:.0f} MB after; CPU {outcome.cpu_s:.1f} s since"
    )
    for channel, states in outcome.deliveries.items():
        print(f"  {channel:8} {states}")


async def kills(count: int) -> None:
    results: Counter[str] = Counter()
    for name, test in (("before hand-over", killed_before), ("after hand-over", killed_after)):
        for _ in range(count):
            with tempfile.TemporaryDirectory() as folder:
                try:
                    await test(Path(folder))
                    results[f"{name}: as required"] += 1
                except AssertionError as error:
                    results[f"{name}: {error}"] += 1
    print(f"SIGKILL, {load_words()}")
    for text, number in results.items():
        print(f"  {text}: {number} of {count}")


def words(outcome: Outcome) -> str:
    return f"handled; last commit {outcome.lag_s:.1f} s behind, {load_words()}"


def load_words() -> str:
    return f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=int, default=5_000)
    parser.add_argument("--storm", type=int, default=500)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--hub", help=argparse.SUPPRESS)
    options: Any = parser.parse_args()
    if options.hub:
        outcome = asyncio.run(run_hub(msgspec.json.decode(options.hub, type=Load)))
        print(msgspec.json.encode(outcome).decode())
        return
    asyncio.run(steady(options.rate, options.seconds))
    asyncio.run(storm(options.rate, options.seconds, options.storm))
    asyncio.run(kills(options.kills))


if __name__ == "__main__":
    main()
