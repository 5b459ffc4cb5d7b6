"""Rules changed through the API while the hub runs: validation, immediate effect, conflicts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import RULES, ApiHub, running_hub

COOLER = RULES.replace("above = 80", "above = 60").replace("clear = 78", "clear = 58")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as running:
        yield running


async def put(hub: ApiHub, text: str, revision: str | None = None) -> tuple[int, dict]:
    if revision is None:
        revision = (await hub.http.get("/api/rules/text")).json()["revision"]
    answer = await hub.http.put("/api/rules", json={"text": text, "revision": revision})
    return answer.status_code, answer.json()


async def open_alerts(hub: ApiHub) -> list[dict]:
    return list((await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"])


async def test_changed_limit_applies_to_next_reading(hub: ApiHub, tmp_path: Path):
    await hub.telemetry("boiler-1", temperature=70)
    assert await open_alerts(hub) == []
    status, answer = await put(hub, COOLER)
    assert status == 200
    assert (tmp_path / "rules.toml").read_text() == answer["text"] == COOLER
    await hub.telemetry("boiler-1", temperature=70)
    (alert,) = await open_alerts(hub)
    assert alert["threshold"] == 60
    (rule,) = (await hub.http.get("/api/rules")).json()["items"]
    assert rule["condition"]["above"] == 60
    (bound,) = (await hub.http.get("/api/devices/boiler-1")).json()["limits"]
    assert bound["above"] == 60


async def test_removed_rule_withdraws_its_alert_and_other_alerts_stay(hub: ApiHub):
    await hub.telemetry("boiler-1", temperature=90)
    (before,) = await open_alerts(hub)
    silent = '[[rule]]\nid = "silent"\nkind = "no_data"\nsilence = "5m"\n'
    await put(hub, RULES + silent)
    assert [alert["id"] for alert in await open_alerts(hub)] == [before["id"]]
    assert {rule["id"] for rule in (await hub.http.get("/api/devices/boiler-1/rules")).json()["items"]} == {
        "hot",
        "silent",
    }
    await put(hub, silent)
    assert await open_alerts(hub) == []
    cleared = (await hub.http.get(f"/api/alerts/{before['id']}")).json()
    assert cleared["state"] == "cleared"


async def test_new_no_data_rule_measures_from_last_reading(hub: ApiHub):
    await hub.telemetry("boiler-1", temperature=20)
    await put(hub, RULES + '[[rule]]\nid = "silent"\nkind = "no_data"\nsilence = "5m"\n')
    engine, registry = hub.services.engine, hub.services.registry
    assert engine.tick(hub.services.now() + 270_000, 0, registry.get) == []
    (raised,) = engine.tick(hub.services.now() + 301_000, 0, registry.get)
    assert raised.alert.rule == "silent"


async def test_invalid_rules_change_nothing_and_error_names_allowed_values(hub: ApiHub, tmp_path: Path):
    wrong = RULES.replace('"critical"', '"dire"')
    status, answer = await put(hub, wrong)
    assert status == 422
    assert "rule 'hot'" in answer["error"]["message"]
    assert answer["error"]["hint"] == "Allowed: info, warning, critical."
    assert (tmp_path / "rules.toml").read_text() == RULES
    checked = await check(hub, wrong)
    assert checked["items"] == []
    assert checked["problem"] == f"{answer['error']['message']} {answer['error']['hint']}"
    assert (await check(hub, COOLER))["items"][0]["condition"]["above"] == 60
    assert (await hub.http.get("/api/rules")).json()["items"][0]["condition"]["above"] == 80, "a check changes nothing"


async def check(hub: ApiHub, text: str) -> dict:
    return dict((await hub.http.post("/api/rules/check", json={"text": text})).json())


async def test_outdated_revision_is_a_conflict(hub: ApiHub):
    original = (await hub.http.get("/api/rules/text")).json()
    assert original["text"] == RULES
    assert (await put(hub, COOLER, original["revision"]))[0] == 200
    status, answer = await put(hub, RULES, original["revision"])
    assert status == 409
    assert answer["error"]["code"] == "conflict"
    assert (await hub.http.get("/api/rules/text")).json()["text"] == COOLER
