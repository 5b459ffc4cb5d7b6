"""Answers about trends and past times: no jumping value is called steady, and a late beginning is named."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import RULES, ApiHub, now_ms, running_hub

LEVELS = (20.0, 60.0, 15.0, 60.0, 15.0)
"""What the tank jumps between, six minutes each."""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    noise = random.Random(4)
    async with running_hub(tmp_path, real_ai=True) as running:
        begin = now_ms() - 29 * 60_000
        for minute in range(29):
            values = {"tank": LEVELS[minute // 6], "basin": noise.gauss(40, 0.3), "sump": 20 + minute / 2}
            for name, level in values.items():
                running.publish(
                    f"devices/{name}/telemetry", {"ts": begin + minute * 60_000, "metrics": {"level": level}}
                )
        for name in ("tank", "basin", "sump"):
            running.publish(f"devices/{name}/info", {"units": {"level": "%"}})
        await running.settled()
        yield running


async def answer(hub: ApiHub, question: str) -> str:
    return str((await hub.http.post("/ask", json={"question": question})).json()["answer"])


async def test_level_that_jumps_is_not_steady(hub: ApiHub) -> None:
    for question in ("Was the level of tank stable in the last 30 minutes?", "How fast does the level of tank change?"):
        text = await answer(hub, question)
        assert "between 15 % and 60 %" in text, text
        assert "steady" not in text
    assert "no clear trend over the last" in await answer(hub, "When will tank be empty?")
    assert "kein klarer Trend" in await answer(hub, "Wann wird tank leer sein?")


async def test_noise_is_steady_and_a_rise_is_a_trend(hub: ApiHub) -> None:
    assert "steady at about 40" in await answer(hub, "Was the level of basin stable in the last 30 minutes?")
    assert "rises by 0.5 %/min" in await answer(hub, "How fast does the level of sump change?")


async def test_readings_that_begin_within_the_period_are_named(hub: ApiHub) -> None:
    late = "The readings of sump, level begin only at"
    assert late in await answer(hub, "average level of sump in the last 24 hours")
    assert late not in await answer(hub, "average level of sump in the last 20 minutes")


async def test_handover_is_written_in_whichever_words_it_is_asked_for(hub: ApiHub) -> None:
    wanted = await answer(hub, "Shift handover")
    for question in ("Write a shift handover", "Write me a shift handover please", "Write me a handover"):
        assert await answer(hub, question) == wanted, question
    german = await answer(hub, "Schichtübergabe bitte")
    assert await answer(hub, "Schreib die Schichtübergabe") == german


async def test_rule_from_words_uses_every_number_or_is_refused(hub: ApiHub) -> None:
    text = await answer(hub, "Warne mich, wenn der Median von tank plus 4 Prozent erreicht ist")
    assert "above" not in text, text
    body = {"text": "alert me when the level of tank is above 80 plus 4"}
    refused = await hub.http.post("/api/rules/from-words", json=body)
    assert (refused.status_code, "“4”" in refused.text) == (422, True), refused.text
