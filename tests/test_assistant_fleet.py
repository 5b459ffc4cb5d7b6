"""Questions about a large fleet: all devices count, and other tasks run while an answer is computed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.assistant.answers.slices import SLICE, in_slices, order_of
from hub.assistant.rule_based_answers import RuleBasedAnswers
from hub.model import Identity, Info, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.sqlite import SqliteStore
from hub.tools import Queries

NOW = 1_795_384_800_000
DEVICES = SLICE + 400


@pytest.fixture
async def answers(tmp_path: Path) -> AsyncIterator[RuleBasedAnswers]:
    """Return the analyst for room sensors 1 to 1,400. Sensor n reads n / 10 °C; every third one has an open door."""
    registry = DeviceRegistry()
    for n in range(1, DEVICES + 1):
        area = "North" if n % 2 else "South"
        info = Info(name=f"Room sensor {n}", area=area, units={"temperature": "°C"})
        registry.identify(Identity(f"sensor-{n}", f"sensor-{n}", "native", info), NOW - 1000)
        registry.observe(Record(f"sensor-{n}", NOW - 500, NOW - 500, {"temperature": n / 10, "door": n % 3 == 0}))
    store = SqliteStore.open(tmp_path)
    yield RuleBasedAnswers(Queries(registry=registry, engine=Engine([]), store=store, now=lambda: NOW))
    await store.close()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Which device is hottest?", ["Highest: Room sensor 1400, temperature: 140 °C", "Compared: 1400 devices"]),
        ("Which are the 3 coldest devices?", ["Room sensor 1, temperature: 0.1 °C", "Room sensor 3"]),
        ("How many devices are above 100 °C?", ["400 of 1400"]),
        ("Which doors are open?", ["466 of 1400", "Room sensor 3, door: open"]),
        ("Which doors are not open?", ["934 of 1400", "Room sensor 1, door: closed"]),
        ("Average temperature of all devices", ["mean 70.1 °C, from 0.1 °C to 140 °C"]),
        ("Which area is warmest?", ["South (700): mean 70.1 °C (0.2 to 140 °C)\n• North (700): mean 70 °C"]),
        ("How many devices are online?", ["1400 of 1400"]),
    ],
)
async def test_all_devices_of_a_large_fleet_count(
    answers: RuleBasedAnswers, question: str, expected: list[str]
) -> None:
    text = (await answers.answer(question)).text
    assert [part for part in expected if part not in text] == [], text


async def test_other_tasks_run_between_slices() -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    assert [item async for item in in_slices(range(3 * SLICE))] == list(range(3 * SLICE))
    task.cancel()
    assert turns >= 3


def test_equal_keys_keep_their_order() -> None:
    assert order_of([2.0, 1.0, 2.0]) == [1, 0, 2]
    assert order_of([2.0, 1.0, 2.0], descending=True) == [0, 2, 1]
