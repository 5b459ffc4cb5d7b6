"""SIGKILL under load with slow commits: every message that the broker confirmed is stored exactly once.

The environment variable ``HUB_KILLS=20`` sets the number of kills.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from brokers import Mosquitto
from hub.model import SeriesQuery
from hub.store.sqlite import SqliteStore
from numbered_readings import DEVICES, Publisher

KILLS = int(os.environ.get("HUB_KILLS", "5"))
ALIVE_S = 0.8


def start(data: Path, broker: Mosquitto, *words: str) -> subprocess.Popen[bytes]:
    """Start a hub process and wait until it is subscribed."""
    script = Path(__file__).with_name("killable_hub.py")
    environ = {**os.environ, "PYTHONPATH": str(script.parent.parent)}
    command = [sys.executable, str(script), str(data), str(broker.port), *words]
    hub = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    assert hub.stdout is not None
    with hub.stdout as output:
        assert output.readline() == b"ready\n"
    return hub


async def stored(data: Path) -> list[int]:
    """Return all stored numbers, with duplicates."""
    store = SqliteStore.open(data)
    try:
        queries = [SeriesQuery(f"d{device}", "value", 0, 2**53) for device in range(DEVICES)]
        return [int(value) for series in await store.history(queries) for _, value in series.points]
    finally:
        await store.close()


def flood_and_kill(data: Path, broker: Mosquitto, *words: str) -> tuple[set[int], list[int]]:
    """Kill hubs under load. Return the confirmed numbers, and the stored ones after the last hub drained the broker."""
    hub = start(data, broker, *words)
    publisher = Publisher(broker.port)
    publisher.start()
    for _ in range(KILLS):
        time.sleep(ALIVE_S)
        hub.kill()
        hub.wait()
        hub = start(data, broker, *words)
    confirmed = publisher.finish()
    deadline, found = time.monotonic() + 20, list[int]()
    while time.monotonic() < deadline and not confirmed <= set(found):
        time.sleep(1.0)
        hub.kill()
        hub.wait()
        found = asyncio.run(stored(data))
        hub = start(data, broker, *words)
        if words:
            break  # the hub with the fault never stores the lost messages
    hub.kill()
    hub.wait()
    return confirmed, found


@pytest.mark.timeout(120 + 5 * KILLS)
def test_killed_hub_stores_confirmed_messages_exactly_once(tmp_path: Path, mosquitto: Mosquitto) -> None:
    confirmed, found = flood_and_kill(tmp_path / "data", mosquitto)
    assert len(confirmed) > 500
    assert confirmed - set(found) == set(), "lost"
    assert len(found) == len(set(found)), "stored twice"


@pytest.mark.timeout(120 + 5 * KILLS)
def test_early_acknowledgement_is_detected_as_loss(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """Show that the test above can fail, with a hub that acknowledges before it stores."""
    confirmed, found = flood_and_kill(tmp_path / "data", mosquitto, "eager")
    assert len(found) > 100, "most messages must be stored for this test to be meaningful"
    assert confirmed - set(found), "acknowledging before the commit must lose messages here"
