"""Questions with several conditions: each is used, with its own metric and its own negation."""

# ruff: noqa: E501 (one question with its answer on a line)
from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import RULES, ApiHub, running_hub

DEVICES = {"s0": (15, 20, "online"), "s1": (80, 21, "offline"), "s2": (10, 22, "offline"), "s3": (50, 23, "online")}
"""By id: battery, temperature, status."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path, real_ai=True) as running:
        for name, (battery, temperature, status) in DEVICES.items():
            running.publish(f"devices/{name}/info", {"units": {"battery": "%"}})
            await running.telemetry(name, battery=battery, temperature=temperature)
            running.publish(f"devices/{name}/status", status)
        running.publish("devices/v1/info", {"units": {"battery": "V"}})
        await running.telemetry("v1", battery=5, pressure="1013hPa")
        await running.settled()
        yield running


ANSWERS = [
    ("list devices not online with battery below 20", "1 of 4 (all 5 devices):\n• s2: battery 10 %"),
    ("which devices are online and have a battery below 20", "1 of 4 (all 5 devices):\n• s0: battery 15 %"),
    ("devices that are online and have a battery below 20", "1 of 4 (all 5 devices):\n• s0: battery 15 %"),
    ("devices with a temperature above 20 that are not offline", "1 of 4 (all 5 devices):\n• s3: temperature 23"),
    ("devices whose temperature is not above 21 and that are online", "1 of 4 (all 5 devices):\n• s0: temperature 20"),
    ("battery below 20 and temperature above 21", "1 of 4 (all 5 devices):\n• s2: battery 10 %, temperature 22"),
    ("battery below 20 or above 70", "3 of 4 (all 5 devices):\n• s0: battery 15 %\n• s1: battery 80 %\n• s2: battery 10 %"),
    ("how many devices have no alert and a battery above 40", "2 of 4 (all 5 devices):\n• s1: battery 80 %\n• s3: battery 50 %"),
    ("devices with an alert and a battery above 40", "0 of 4 (all 5 devices)."),
    ("devices without alert that are offline", "2 of 5 (all 5 devices):\n• s1 (offline"),
    ("battery below 20 and temperature above 21 or offline", "I cannot combine “and” with “or” in one question."),
    ("highest temperature of the offline devices", "Highest: s2, temperature: 22"),
    ("average temperature of the online devices", "all 5 devices, only those that are online (3): temperature: mean 21.5"),
    ("batteries of the offline devices", "Batteries (2), lowest first, 1 low:\n• s2: 10 %"),
    ("battery levels", "Batteries (5), lowest first, 2 low:\n• s2: 10 %"),
    ("Geräte, die nicht online sind und deren Batterie unter 20 ist", "1 von 4 (alle 5 Geräte):\n• s2: battery 10 %"),
    ("dispositivos desconectados con batería por debajo de 20", "1 de 4 (los 5 dispositivos):\n• s2: battery 10 %"),
    ("average pressure of v1", "The values of “pressure” of v1 are no numbers."),
]  # fmt: skip


async def test_every_condition_of_a_question_is_used(hub: ApiHub) -> None:
    answers = {q: (await hub.http.post("/ask", json={"question": q})).json()["answer"] for q, _ in ANSWERS}
    assert {q: answers[q] for q, expected in ANSWERS if not answers[q].startswith(expected)} == {}
