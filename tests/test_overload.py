"""Overload: a database that is locked for long, a flood of messages, a noisy device."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

import psutil
import pytest

from brokers import Mosquitto, publish
from hub.ingest import committer
from ingest_run import IngestRun
from numbered_readings import DEVICES
from receiver import until


async def test_locked_database_leaves_messages_with_broker(
    tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "STALLED_S", 0.5)
    async with IngestRun(tmp_path / "data", mosquitto.port, keepalive_s=1) as hub:
        holder = sqlite3.connect(hub.store.path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        await publish_numbers(mosquitto.port, 0, 500)
        await until(lambda: not hub.link.state.connected, 20)
        waiting = len(hub.ingest_queue)
        await publish_numbers(mosquitto.port, 500, 1_000)
        await asyncio.sleep(0.5)
        assert len(hub.ingest_queue) == waiting
        assert hub.pipeline.counters.stored == 0
        holder.execute("ROLLBACK")
        holder.close()
        await until(lambda: hub.pipeline.counters.stored == 1_000, 20)
        assert not hub.gaps
        for device in range(DEVICES):
            assert await hub.values(f"d{device}") == list(range(device, 1_000, DEVICES))


async def publish_numbers(port: int, start: int, end: int) -> None:
    """Publish numbered readings from :data:`DEVICES` devices, and wait for the acknowledgements."""
    numbers = range(start, end)
    await publish(
        port, *[(f"devices/d{n % DEVICES}/telemetry", f'{{"value":{n},"id":{n}}}', 1, False) for n in numbers]
    )


FLOOD = """
import os, socket, sys, time
port, topic, seconds = int(sys.argv[1]), sys.argv[2].encode(), float(sys.argv[3])
# Texts and booleans take the slow path: a hub that is alone on the machine keeps up with a flood of numbers.
body = b'{"value": 1.5, "mode": "automatic", "on": true}'
rest = len(topic).to_bytes(2) + topic + body
packets = (bytes([0x30, len(rest)]) + rest) * 500
with socket.create_connection(("127.0.0.1", port)) as sock:
    sock.sendall(b"\\x10\\x11\\0\\4MQTT\\4\\2\\0\\0\\0\\5" + b"%05d" % (os.getpid() % 100_000))
    assert sock.recv(4) == b"\\x20\\2\\0\\0"
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        sock.sendall(packets)
"""


async def flood(port: int, topic: str, seconds: float) -> asyncio.subprocess.Process:
    """Start a process that publishes at QoS 0 without a pause, faster than the hub can process."""
    return await asyncio.create_subprocess_exec(sys.executable, "-c", FLOOD, str(port), topic, str(seconds))


async def test_qos0_flood_is_shed_with_bounded_memory(tmp_path: Path, mosquitto: Mosquitto) -> None:
    process, sizes = psutil.Process(), list[int]()
    async with IngestRun(tmp_path / "data", mosquitto.port) as hub:
        flooding = [await flood(mosquitto.port, f"devices/noisy-{i}/telemetry", 5) for i in range(2)]
        while any(one.returncode is None for one in flooding):
            await asyncio.sleep(0.25)
            sizes.append(process.memory_info().rss)
            assert len(hub.ingest_queue) <= 50_000 + 1_000
        await until(lambda: not len(hub.ingest_queue), 20)
        counters = hub.pipeline.counters
        await until(lambda: counters.stored + hub.ingest_queue.shed == hub.ingest_queue.received, 20)
        assert hub.ingest_queue.shed > 1_000, "it was no flood"
        assert counters.stored > 1_000
    half = len(sizes) // 2
    assert max(sizes[half:]) - max(sizes[:half]) < 60_000_000


async def test_noisy_device_does_not_delay_others(tmp_path: Path, mosquitto: Mosquitto) -> None:
    longest_queue, count = 0, 0
    async with IngestRun(tmp_path / "data", mosquitto.port) as hub:
        flooding = await flood(mosquitto.port, "devices/noisy/telemetry", 4)
        while flooding.returncode is None:
            await publish(mosquitto.port, *[(f"devices/quiet-{count}/telemetry", '{"value":1}', 1, False)] * 5)
            count += 1
            longest_queue = max(longest_queue, len(hub.ingest_queue))
        await until(lambda: not len(hub.ingest_queue), 20)
        assert hub.ingest_queue.shed > 1_000, "it was no flood"
        # Other devices wait behind what is queued. Without a share for each topic that would be the whole queue.
        assert longest_queue < 10_000
        await until(lambda: hub.pipeline.counters.stored + hub.ingest_queue.shed == hub.ingest_queue.received, 20)
        for device in range(count):
            assert await hub.values(f"quiet-{device}") == [1] * 5
