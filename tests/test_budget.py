"""Daily budget of AI calls, tokens and money: limits under concurrency, restarts, failed and interrupted calls."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.ai.base import AiSettings, Completion, CompletionRequest
from hub.ai.budget import Budget, Price
from hub.errors import AiBudget
from hub.model import Writer
from scripted_provider import DOWN, Scripted, chain, request

DAY = 86_400.0
NOON = 1_800_000_000.0
LONG_REQUEST = request("word " * 40, max_tokens=50)
WRITER = Writer("one", "one-model", generative=True)


class FixedUsageProvider(Scripted):
    """Provider that reports 100 tokens per call, 60 of them input."""

    async def chat(self, request: CompletionRequest) -> Completion:
        self.asked += 1
        await asyncio.sleep(0.01)
        return Completion("yes", WRITER, tokens=100, tokens_in=60)


async def answers(providers: Any, count: int) -> list[str]:
    completions = await asyncio.gather(*(providers.chat(LONG_REQUEST) for _ in range(count)))
    return [answer.writer.provider for answer in completions]


async def test_concurrent_calls_stay_within_daily_calls() -> None:
    one = FixedUsageProvider("one", "")
    providers = chain(one, daily_calls=7)
    assert sorted(await answers(providers, 40)) == ["builtin"] * 33 + ["one"] * 7
    assert one.asked == 7
    assert providers.budget.total().calls == 7
    assert providers.budget.total().tokens == 700


async def test_concurrent_calls_stay_within_daily_tokens() -> None:
    one = FixedUsageProvider("one", "")
    providers = chain(one, daily_tokens=1000)
    await answers(providers, 60)
    await answers(providers, 60)
    assert 0 < providers.budget.total().tokens <= 1000


async def test_call_over_budget_is_refused_and_not_counted() -> None:
    providers = chain(FixedUsageProvider("one", ""), daily_calls=0, fallback=False)
    with pytest.raises(Exception, match="budget for models is used up"):
        await providers.chat(request())
    assert providers.budget.total().calls == 0
    assert not providers.paused("chat"), "a spent budget must not open the circuit breaker"


async def test_each_attempt_counts_as_a_call() -> None:
    providers = chain(Scripted("one", DOWN), Scripted("two", DOWN))
    await providers.chat(request())
    assert {name: spent.calls for name, spent in providers.budget.today().items()} == {"one": 1, "two": 1}


def spend(budget: Budget, price: Price, tokens_in: int, tokens_out: int) -> None:
    with budget.call("one", request(), price) as call:
        call.finish(Completion("x", WRITER, tokens=tokens_in + tokens_out, tokens_in=tokens_in))


def test_daily_money_limits_paid_calls_but_not_free_ones(tmp_path: Path) -> None:
    settings = AiSettings(daily_money=1.0)
    budget = Budget(settings, tmp_path / "spent.json", lambda: NOON)
    spend(budget, Price(2.0, 10.0), 200_000, 50_000)
    assert budget.total().money == pytest.approx(0.9)
    spend(budget, Price(2.0, 10.0), 49_000, 0)
    with pytest.raises(AiBudget, match="daily_money"):
        spend(budget, Price(2.0, 1000.0), 1, 1)
    spend(budget, Price(), 1_000_000, 1)


def test_spent_budget_survives_restart_and_resets_next_day(tmp_path: Path) -> None:
    file, now = tmp_path / "spent.json", [NOON]
    settings = AiSettings(daily_calls=2)
    first = Budget(settings, file, lambda: now[0])
    spend(first, Price(), 10, 5)
    assert file.stat().st_mode & 0o777 == 0o600
    again = Budget(settings, file, lambda: now[0])
    assert (again.total().calls, again.total().tokens) == (1, 15)
    spend(again, Price(), 10, 5)
    with pytest.raises(AiBudget, match="00:00 UTC"):
        spend(again, Price(), 10, 5)
    now[0] -= DAY
    with pytest.raises(AiBudget):
        spend(again, Price(), 10, 5)
    now[0] += 2 * DAY
    spend(again, Price(), 10, 5)
    assert again.total().calls == 1


def test_call_is_counted_before_a_crash(tmp_path: Path) -> None:
    budget = Budget(AiSettings(), tmp_path / "spent.json", lambda: NOON)
    with budget.call("one", request(), Price()):
        assert Budget(AiSettings(), tmp_path / "spent.json", lambda: NOON).total().calls == 1


def test_damaged_budget_file_restarts_counting(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "spent.json").write_text('{"day": 5')
    budget = Budget(AiSettings(daily_calls=1), tmp_path / "spent.json", lambda: NOON)
    assert "starts at 0" in caplog.text
    spend(budget, Price(), 1, 1)
    assert Budget(AiSettings(), tmp_path / "spent.json", lambda: NOON).total().calls == 1


async def test_interrupted_stream_counts_received_tokens() -> None:
    providers = chain(Scripted("one", "some words " * 30, 5.0, "more"))
    pieces: Any = providers.stream(request())
    await anext(pieces)
    await pieces.aclose()
    assert providers.budget.total().tokens > 100
    assert not providers.paused("chat")
