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
    ("how many devices are online or offline", "5 devices: 3 online, 2 offline."),
    ("battery between 50 and 12", "2 of 4 (all 5 devices):\n• s0: battery 15 %\n• s3: battery 50 %"),
    ("temperature between -5 and 20", "1 of 4 (all 5 devices):\n• s0: temperature 20"),
    ("temperature between -9 and -5", "0 of 4 (all 5 devices)."),
    ("battery levels", "Batteries (5), lowest first, 2 low:\n• s2: 10 %"),
    ("Geräte, die nicht online sind und deren Batterie unter 20 ist", "1 von 4 (alle 5 Geräte):\n• s2: battery 10 %"),
    ("dispositivos desconectados con batería por debajo de 20", "1 de 4 (los 5 dispositivos):\n• s2: battery 10 %"),
    ("average pressure of v1", "The values of “pressure” of v1 are not numbers."),
]  # fmt: skip


async def test_every_condition_of_a_question_is_used(hub: ApiHub) -> None:
    answers = {q: (await hub.http.post("/ask", json={"question": q})).json()["answer"] for q, _ in ANSWERS}
    assert {q: answers[q] for q, expected in ANSWERS if not answers[q].startswith(expected)} == {}


HUGE = "9" * 400
"""A number beyond the range of a double."""
WITH_NUMBERS = [
    "temperature of s0 in the last {} days", "temperature of s0 {} minutes ago", "top {} devices by battery",
    "the last {} alerts", "temperature of s0 in {} hours", "which devices are above {}", "battery between {} and 5",
    "devices silent for {} days", "how often was the temperature of s0 above {} in the last {} hours",
    "when will the battery of s0 reach {} %", "temperature of s0 at {}:00", "set the temperature of s0 to {}",
]  # fmt: skip


async def test_question_with_any_number_is_answered(hub: ApiHub) -> None:
    for question in WITH_NUMBERS:
        for number in (HUGE, "0", "99999999999999999999", "²", "1e5"):
            answer = await hub.http.post("/ask", json={"question": question.replace("{}", number)})
            assert answer.status_code == 200, f"{question}: {number[:20]}"
            assert answer.json()["answer"], question


RULES_WITH_NUMBERS = [
    "tell me when the temperature of s0 is above {}", "tell me when the temperature of s0 is above 5 for {} minutes",
    "tell me when the temperature of s0 exceeds 5 more than {} times in an hour",
    "tell me when s0 sends nothing for {} days", "tell me when the temperature of s0 rises by {} in {} minutes",
]  # fmt: skip


async def test_rule_from_words_with_any_number_is_drafted_or_refused(hub: ApiHub) -> None:
    for sentence in RULES_WITH_NUMBERS:
        for number in ("9" * 350, "0", "99999999999999999999", "²"):
            answer = await hub.http.post("/api/rules/from-words", json={"text": sentence.replace("{}", number)[:500]})
            assert answer.status_code in (200, 422), f"{sentence}: {number[:20]}"


WRONG_TIMES = ["on 2026-02-30", "on 0000-00-00", "at 25:00", "on 31 November", "between 25:00 and 26:00"]


@pytest.mark.parametrize("time", WRONG_TIMES)
async def test_time_that_does_not_exist_is_not_ignored(hub: ApiHub, time: str) -> None:
    answer = (await hub.http.post("/ask", json={"question": f"temperature of s0 {time}"})).json()["answer"]
    assert answer.startswith("I do not know what “")
    assert time.split()[1] in answer
