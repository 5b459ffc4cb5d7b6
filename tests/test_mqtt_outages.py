"""Both MQTT clients when the network fails: half-open and flapping connections, a stopped broker."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from brokers import Mosquitto, publish
from chaos import Proxy
from hub.mqtt.backoff import Backoff
from hub.mqtt.outages import INTERVAL_S, MAX_OUTAGES, Outages
from receiver import Receiver, until

FLAPS = 500

pytestmark = pytest.mark.usefixtures("each_link")


async def test_half_open_connection_is_detected_within_two_keepalives(mosquitto: Mosquitto) -> None:
    async with Proxy(mosquitto.port) as proxy, Receiver(proxy.port, keepalive_s=1) as hub:
        await publish(mosquitto.port, ("devices/a/t", "before", 1, False))
        await until(lambda: hub.payloads == [b"before"])
        proxy.swallow()
        begun = time.monotonic()
        await publish(mosquitto.port, ("devices/a/t", "into the hole", 1, False))
        await until(lambda: not hub.link.state.connected, 10)
        assert time.monotonic() - begun < 2 * 1 + 0.5  # with a margin for a loaded machine
        await until(lambda: b"into the hole" in hub.payloads)
        # The acknowledgement of the first message may be lost too: then the broker sends that message again.
        first = [message.redelivered for message in hub.messages if message.payload == b"before"]
        assert first in ([False], [False, True])
        assert not hub.gaps


async def test_idle_connection_is_kept(mosquitto: Mosquitto) -> None:
    async with Proxy(mosquitto.port) as proxy, Receiver(proxy.port, keepalive_s=1) as hub:
        await asyncio.sleep(3.2)
        assert hub.link.state.reconnects == 0
        assert proxy.accepted == 1


async def test_stopped_broker_is_detected_by_keepalive(mosquitto: Mosquitto) -> None:
    async with Receiver(mosquitto.port, keepalive_s=1) as hub:
        os.kill(mosquitto.pid, signal.SIGSTOP)
        await until(lambda: not hub.link.state.connected, 3.5)
        os.kill(mosquitto.pid, signal.SIGCONT)
        await until(lambda: hub.subscribed)
        assert not hub.gaps


async def test_500_reconnects_leak_no_tasks_threads_or_files(mosquitto: Mosquitto) -> None:
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    async with Proxy(mosquitto.port) as proxy:
        async with Receiver(proxy.port, backoff=Backoff(0.002, 0.005)) as hub:
            for turn in range(10):
                proxy.cut()
                await until(lambda turn=turn: proxy.accepted == turn + 2 and hub.subscribed)
            tasks, threads = len(asyncio.all_tasks()), threading.active_count()
            files = open_files()
            for turn in range(10, FLAPS):
                proxy.cut()
                await until(lambda turn=turn: proxy.accepted == turn + 2 and (turn % 2 or hub.subscribed))
            await until(lambda: hub.subscribed)
            await until(lambda: len(asyncio.all_tasks()) <= tasks)
            assert threading.active_count() <= max(threads, 8)  # the default pool that connects, which is bounded
            await until(lambda: open_files() <= files)
            assert not hub.gaps
        assert not [t for t in asyncio.all_tasks() if t.get_name() in ("link", "mqtt-keepalive")]


def test_backoff_doubles_to_maximum_with_jitter_of_half() -> None:
    delays = [[backoff.next() for _ in range(12)] for backoff in (Backoff(0.5, 30.0) for _ in range(200))]
    for turn, each in enumerate(zip(*delays, strict=True)):
        maximum = min(0.5 * 2**turn, 30.0)
        assert maximum / 2 <= min(each) < 0.6 * maximum
        assert 0.9 * maximum < max(each) <= maximum


def test_flapping_connection_is_not_reported_without_limit(caplog: pytest.LogCaptureFixture) -> None:
    now, seen = 0.0, []
    outages = Outages(logging.getLogger("test"), "broker:1883", lambda *change: seen.append(change), lambda: now)
    for _ in range(3 * MAX_OUTAGES):
        outages.lost("connection refused", "%s: %s")
        outages.lost("connection refused", "%s: %s")
        outages.restored()
    assert len(seen) == len(caplog.records) == 2 * MAX_OUTAGES
    outages.lost("connection refused", "%s: %s")
    now = INTERVAL_S
    outages.lost("connection refused", "%s: %s")
    assert seen[-1] == (False, "broker:1883", "connection refused"), "an outage that lasts is not reported"
