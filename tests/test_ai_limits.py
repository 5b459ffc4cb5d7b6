"""Limits of models for each person, and which roles may use models outside this network."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from api_hub import running_hub
from faulty_server import answer, faulty
from hub.accounts.requester import THE_HUB, Requester, current_requester, requested_by
from hub.ai.base import AiSettings
from hub.ai.providers import ProviderChain
from hub.ai.server_config import ModelServer
from hub.errors import AiUnavailable, Forbidden
from scripted_provider import Scripted, chain, request
from signed_in import BEARER, TOKEN, person

MORNING = 1_800_000_000.0  # 08:00 UTC
HOUR = 3_600.0
ADA, BEN = Requester("u-ada", "operator"), Requester("u-ben", "viewer")
COMPLETION = answer(
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "OK"}}],'
    b' "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}}'
)


async def writers(providers: ProviderChain, who: Requester, count: int) -> list[str]:
    with requested_by(who):
        return [(await providers.chat(request())).writer.provider for _ in range(count)]


async def test_calls_of_one_person_are_limited_and_leave_those_of_others(tmp_path: Path) -> None:
    def started(at: float) -> ProviderChain:
        budget = (tmp_path / "spent.json", lambda: at, current_requester)
        return chain(Scripted("one", "yes"), budget=budget, person_daily_calls=2)

    providers = started(MORNING)
    assert await writers(providers, ADA, 3) == ["one", "one", "builtin"]
    assert await writers(providers, BEN, 1) == ["one"]
    assert await writers(providers, THE_HUB, 4) == ["one"] * 4
    providers = started(MORNING + HOUR)  # after a restart
    used = {account: usage.calls for account, usage in providers.budget.today_by_person().items()}
    assert used == {"u-ada": 2, "u-ben": 1}
    assert await writers(providers, ADA, 1) == ["builtin"]
    assert await writers(started(MORNING + 24 * HOUR), ADA, 1) == ["one"]


async def test_tokens_of_one_person_are_limited_also_for_parallel_calls() -> None:
    one = Scripted("one", 0.01)
    providers = chain(one, budget=(None, lambda: MORNING, current_requester), person_daily_tokens=500)
    with requested_by(ADA):
        await asyncio.gather(*(providers.chat(request("word " * 40, max_tokens=100)) for _ in range(20)))
    assert 1 <= one.asked <= 4, "each call may cost 100 tokens and more"


async def test_money_of_one_person_is_limited_and_free_servers_stay_in_use() -> None:
    paid, free = Scripted("paid", "yes"), Scripted("free", "yes")
    servers = tuple(
        ModelServer(
            name=name, kind="openai", model="m", base_url="http://127.0.0.1:9/v1", price_in=price, price_out=price
        )
        for name, price in (("paid", 10_000.0), ("free", 0.0))
    )
    budget = (None, lambda: MORNING, current_requester)
    providers = chain(paid, free, budget=budget, servers=servers, person_daily_money=0.38)
    # A call costs 0.03, and 0.34 is reserved for it before it is sent.
    assert await writers(providers, ADA, 4) == ["paid", "paid", "free", "free"]
    assert await writers(providers, BEN, 1) == ["paid"]
    assert await writers(providers, THE_HUB, 3) == ["paid"] * 3


@pytest.mark.parametrize("limits", [{"person_daily_calls": 0}, {"person_daily_tokens": 10}])
async def test_error_says_when_the_limit_of_a_person_resets(limits: dict[str, int]) -> None:
    budget = (None, lambda: MORNING + 14 * HOUR + 30, current_requester)
    providers = chain(Scripted("one", "yes"), budget=budget, fallback=False, **limits)
    with requested_by(ADA), pytest.raises(AiUnavailable, match="resets at 00:00 UTC, in 2 h 0 min"):
        await providers.chat(request())


async def test_role_decides_whether_models_outside_this_network_are_used() -> None:
    cloud = ModelServer(name="cloud", kind="openai", model="c", base_url="https://models.example.com", api_key="k")
    home = ModelServer(name="home", kind="openai", model="h", base_url="http://127.0.0.1:9/v1")
    settings = {"servers": (cloud, home), "cloud_roles": ("operator",)}
    budget = (None, lambda: MORNING, current_requester)
    providers = chain(Scripted("cloud", "c"), Scripted("home", "h"), budget=budget, **settings)
    assert await writers(providers, ADA, 1) == ["cloud"]
    assert await writers(providers, THE_HUB, 1) == ["cloud"]
    assert await writers(providers, BEN, 1) == ["home"]
    with requested_by(BEN):
        assert [writer.provider for writer in providers.describe()] == ["home", "builtin"]
        pieces = [piece async for piece in providers.stream(request())]
        assert pieces[0] == "h"
        for name in ("cloud", "cloud-model"):
            with pytest.raises(Forbidden, match="Your role may not use"):
                await providers.chat(request(), model=name)
    alone = chain(Scripted("cloud", "c"), budget=budget, fallback=False, **settings)
    with requested_by(BEN), pytest.raises(AiUnavailable):
        await alone.chat(request())


async def test_person_and_administrator_see_the_usage_of_today(tmp_path: Path) -> None:
    async with faulty(COMPLETION) as lab:
        server = ModelServer(name="lab", kind="openai", model="m", base_url=lab.base_url, api_key="k")
        ai = AiSettings(servers=(server,), roles={"chat": ("lab",)})
        async with (
            running_hub(tmp_path, real_ai=True, ai=ai, kept_models=True, token=TOKEN) as hub,
            person(hub, "Ada", "administrator") as ada,
            person(hub, "Ben", "viewer") as ben,
        ):
            plan = {"chat": ["lab"], "person_daily_calls": 2, "cloud_roles": ["administrator"]}
            saved = (await ada.http.put("/api/models", json=plan)).json()
            assert (saved["limits"]["person_calls"], saved["cloud_roles"]) == (2, ["administrator"])
            asked = {"question": "Is anything wrong?"}
            models = [(await ben.http.post("/ask", json=asked)).json()["model"] for _ in range(3)]
            assert models[0] == "m"
            assert models[-1] == "builtin-analyst"
            own = (await ben.http.get("/api/account/ai")).json()
            assert (own["calls"], own["tokens"], own["calls_limit"], own["cloud"]) == (2, 18, 2, False)
            refused = await ben.http.post("/ask", json=asked | {"model": "lab"})
            assert refused.status_code == 503
            assert "resets at 00:00 UTC" in refused.text
            people = (await ada.http.get("/api/people")).json()
            ids = {each["name"]: each["id"] for each in people["items"]}
            assert people["ai_usage"][ids["Ben"]]["calls"] == 2
            assert ids["Ada"] not in people["ai_usage"]
            assert (await hub.http.get("/api/account/ai", headers=BEARER)).status_code == 403
            # The access token belongs to nobody: it has no limit of its own.
            token = [(await hub.http.post("/ask", json=asked, headers=BEARER)).json()["model"] for _ in range(2)]
            assert token == ["m", "m"]
