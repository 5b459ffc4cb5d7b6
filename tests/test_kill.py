"""kill -9 under load, with a slow disk: what the broker took is stored, and stored once.

``HUB_KILLS=20`` in the environment kills more often than the default.
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
from numbered import DEVICES, Publisher

KILLS = int(os.environ.get("HUB_KILLS", "5"))
ALIVE_S = 0.8


def start(data: Path, broker: Mosquitto, *words: str) -> subprocess.Popen[bytes]:
    """A hub that is subscribed."""
    script = Path(__file__).with_name("killable_hub.py")
    environ = {**os.environ, "PYTHONPATH": str(script.parent.parent)}
    command = [sys.executable, str(script), str(data), str(broker.port), *words]
    hub = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE)
    assert hub.stdout is not None
    with hub.stdout as said:
        assert said.readline() == b"ready\n"
    return hub


async def stored(data: Path) -> list[int]:
    """The numbers in the history, as often as they are there."""
    store = SqliteStore.open(data)
    try:
        queries = [SeriesQuery(f"d{device}", "value", 0, 2**53) for device in range(DEVICES)]
        return [int(value) for series in await store.history(queries) for _, value in series.points]
    finally:
        await store.close()


def flood_and_kill(data: Path, broker: Mosquitto, *words: str) -> tuple[set[int], list[int]]:
    """What the broker confirmed, and what is stored once a last hub has had the time to drain it."""
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
            break  # the faulty one has lost what it has lost
    hub.kill()
    hub.wait()
    return confirmed, found


@pytest.mark.timeout(120 + 5 * KILLS)
def test_everything_confirmed_is_stored_exactly_once(tmp_path: Path, mosquitto: Mosquitto) -> None:
    confirmed, found = flood_and_kill(tmp_path / "data", mosquitto)
    assert len(confirmed) > 500
    assert confirmed - set(found) == set(), "lost"
    assert len(found) == len(set(found)), "stored twice"


@pytest.mark.timeout(120 + 5 * KILLS)
def test_a_hub_that_acknowledges_at_once_would_be_caught(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The test above can fail: the same flood on a hub that acknowledges before it stores."""
    confirmed, found = flood_and_kill(tmp_path / "data", mosquitto, "eager")
    assert len(found) > 100, "it has to store most of them, or this shows nothing"
    assert confirmed - set(found), "an acknowledgement before the commit has to lose messages here"
