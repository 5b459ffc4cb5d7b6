"""When metrics were unusual: periods from a week of readings, and the assistant's answer from the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant_tools import build_tools
from hub.ai.base import AiSettings
from hub.ai.providers import ProviderChain
from hub.assistant import AssistantService
from hub.insight import MetricSeries
from hub.insight.anomalies import ALERT_SCORE, UnusualPeriod, unusual_periods
from hub.model import Identity, Info, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore

NOW = 1_795_384_800_000  # 2026-11-22 22:00:00 UTC
STEP_MS = 300_000
COUNT = 2_016
DAY_MS = 86_400_000


def week(seed: int = 1, level: float = 50.0) -> np.ndarray:
    """Return a reading every five minutes for a week, with a daily cycle."""
    hours = np.arange(COUNT) * STEP_MS / 3_600_000
    return level + 4 * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(seed).normal(0, 1, COUNT)


def series(metric: str, values: np.ndarray, unit: str | None = "°C") -> MetricSeries:
    start = NOW - STEP_MS * (len(values) - 1)
    return MetricSeries.of(metric, unit, [(start + STEP_MS * at, float(value)) for at, value in enumerate(values)])


def at(index: int) -> int:
    return NOW - STEP_MS * (COUNT - 1 - index)


def period_of(values: np.ndarray, since: int = NOW - DAY_MS) -> UnusualPeriod:
    [found] = unusual_periods([series("temperature", values)], since)
    return found


def test_period_begins_with_change_and_ends_with_return() -> None:
    values = week()
    values[1_900:1_930] += 25
    found = period_of(values)
    assert at(1_898) <= found.start <= at(1_902)
    assert found.end is not None
    assert at(1_928) <= found.end <= at(1_940)
    assert found.score >= ALERT_SCORE
    assert found.learned_ms >= 6 * DAY_MS


def test_period_that_lasts_has_no_end() -> None:
    values = week()
    values[1_990:] += 25
    assert period_of(values).end is None


def test_daily_cycle_is_not_unusual() -> None:
    tracks = [series(f"m{seed}", week(seed)) for seed in range(6)]
    assert [found for found in unusual_periods(tracks, NOW - DAY_MS) if found.score >= ALERT_SCORE] == []


def test_periods_before_the_time_asked_for_are_left_out() -> None:
    values = week()
    values[1_000:1_030] += 25
    assert unusual_periods([series("temperature", values)], NOW - DAY_MS) == []


def test_most_unusual_metric_is_first() -> None:
    small, large = week(2), week(3)
    small[1_950:1_960] += 12
    large[1_950:1_960] += 60
    found = unusual_periods([series("small", small), series("large", large)], NOW - DAY_MS)
    assert [each.metric for each in found] == ["large", "small"]


def test_texts_booleans_and_short_histories_have_no_periods() -> None:
    points = [(NOW + at * 1_000, at % 2 == 0) for at in range(400)]
    texts = [(NOW + at * 1_000, "open") for at in range(400)]
    tracks = [MetricSeries.of("b", None, points), MetricSeries.of("t", None, texts), MetricSeries.of("e", None, [])]
    assert unusual_periods([*tracks, series("short", week()[:100])], 0) == []


# -- the assistant -----------------------------------------------------------------------------------------------------


async def answer(folder: Path, question: str, values: dict[str, np.ndarray]) -> str:
    store = SqliteStore.open(folder)
    registry = DeviceRegistry()
    records = []
    for device, column in values.items():
        registry.identify(Identity(device, device, "native", Info(name=device, units={"flow": "l/min"})), at(0))
        for index, value in enumerate(column):
            records.append(Record(device, at(index), at(index), {"flow": float(value)}))
    records.sort(key=lambda record: record.ts)
    for record in records:
        registry.observe(record)
    await store.commit(1, Delta(cursor=len(records), records=records))
    tools = build_tools(registry, Engine([]), store, lambda: NOW)
    assistant = AssistantService(tools=tools, providers=ProviderChain(ordered=(), settings=AiSettings()))
    found = await assistant.answer(question)
    await store.close()
    return found.text


async def test_assistant_names_unusual_reading_without_any_rule(tmp_path: Path) -> None:
    flows = {"mill": week(4), "kiln": week(5)}
    flows["mill"][1_990:] += 30
    text = await answer(tmp_path, "is anything unusual?", flows)
    assert "no alert is open" in text
    assert "Unusual in the last day:\n• mill, flow reached" in text
    assert "unusual since" in text
    assert "kiln" not in text
    assert "Checked: 2 metrics." in text


async def test_assistant_says_that_nothing_is_unusual(tmp_path: Path) -> None:
    text = await answer(tmp_path, "anything strange?", {"mill": week(4), "kiln": week(5)})
    assert "No reading of the last day was unusual" in text


async def test_answer_is_in_language_of_question(tmp_path: Path) -> None:
    flows = {"mill": week(4)}
    flows["mill"][1_990:] += 30
    text = await answer(tmp_path, "ist etwas ungewöhnlich?", flows)
    assert "Ungewöhnlich im letzten Tag:" in text
    assert "Geprüft: 1 Messgrößen." in text


async def test_question_about_alerts_is_not_about_unusual_readings(tmp_path: Path) -> None:
    text = await answer(tmp_path, "are there any alerts?", {"mill": week(4)})
    assert "nusual" not in text
