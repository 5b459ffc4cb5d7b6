"""The audit log: what an entry says, which role reads it, how it is searched and exported, and how it stays bounded."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_hub import RULES, ApiHub, Socket, running_hub
from hub.api.field_changes import field_changes
from hub.errors import StoreBusy
from hub.model import Actor, AuditEntry, AuditFilter, AuditOutcome
from hub.services.audit_log import MAX_REPEATED, MINUTE_MS, OTHERS, AuditLog
from hub.store.sqlite import SqliteStore
from signed_in import BEARER, PASSWORD, TOKEN, Browser, person

SECRET = "sk-canary-4711"
EVERYTHING = AuditFilter()


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "mappings.toml").write_text("")
    async with running_hub(tmp_path, token=TOKEN) as running:
        yield running


async def entries(hub: ApiHub, **wanted: Any) -> list[dict[str, Any]]:
    answer = await hub.http.get("/api/audit", params=wanted, headers=BEARER)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_entry_has_the_fields_before_and_after_a_change(hub: ApiHub) -> None:
    await hub.telemetry("x", temperature=20.5)
    async with person(hub, "Ada", "administrator") as ada:
        edit = {"name": "Flue", "metrics": {"temperature": {"title": "Gas"}}}
        await ada.http.patch("/api/devices/x", json=edit)
        text = (await ada.http.get("/api/rules/text")).json()
        changed = {"text": RULES.replace("above = 80", "above = 90"), "revision": text["revision"]}
        await ada.http.put("/api/rules", json=changed)
        server = {"kind": "openai", "model": "m", "base_url": "http://127.0.0.1:1/v1", "api_key": SECRET}
        await ada.http.put("/api/models/mine", json=server)
    model, rule, device = await entries(hub, person="ada", limit=3)
    assert device["text"] == "renamed x to Flue; renamed a metric to Gas of Flue"
    assert (device["object"], device["person"], device["kind"]) == ("x", "Ada", "device")
    assert {"field": "name", "before": "x", "after": "Flue"} in device["changes"]
    assert {"field": "metrics.temperature.title", "before": None, "after": "Gas"} in device["changes"]
    assert (rule["object"], rule["text"]) == ("hot", "changed the rule Too hot")
    assert rule["changes"] == [{"field": "hot.condition.above", "before": 80.0, "after": 90.0}]
    assert {"field": "api_key", "before": None, "after": "***"} in model["changes"]
    assert SECRET not in json.dumps(await entries(hub))


def test_secrets_are_masked_and_long_values_are_cut() -> None:
    before = {"password": "a", "api_key": "b", "url": "mqtt://ada:pw@host", "daily_tokens": 5, "same": 1}
    after = {
        "password": "c",
        "api_key": None,
        "url": "mqtt://ada:new@host",
        "daily_tokens": 6,
        "same": 1,
        "n": "x" * 900,
    }
    found = {each.field: (each.before, each.after) for each in field_changes(before, after | {"n": "x" * 900})}
    assert found["password"] == ("***", "***")
    assert found["api_key"] == ("***", None)
    assert found["url"] == ("mqtt://***@host", "mqtt://***@host")
    assert found["daily_tokens"] == (5, 6)
    assert len(found["n"][1]) == 200
    assert "same" not in found
    assert len(field_changes({}, {str(number): number for number in range(1_000)})) == 40


async def test_failed_sign_ins_and_denials_are_counted_in_one_entry(hub: ApiHub) -> None:
    hub.app.trail.log.now = lambda: MINUTE_MS  # so that no minute ends during the test
    async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer") as val, Browser(hub) as stranger:
        for _ in range(3):
            await stranger.login("Ada", "wrong password")
        for _ in range(2):
            await stranger.login("hunter2 typed into the wrong field", "x" * 9)
        for path in ("/api/people", "/api/audit", "/api/audit/export", "/api/models"):
            assert (await val.http.get(path)).status_code == 403
        assert (await val.http.delete("/api/devices/x")).status_code == 403
        for _ in range(4):
            assert (await stranger.http.get("/api/devices")).status_code == 401
        tried = await entries(hub, kind="sign_in", outcome="denied")
        assert sorted((each["object"], each["count"]) for each in tried) == [("", 2), ("Ada", 3)]
        assert {each["text"] for each in tried} == {"tried to sign in"}
        denied = await entries(hub, kind="denied")
        assert sorted((each["person"], each["count"], each["operation"]) for each in denied) == [
            ("", 4, "GET /api/devices"),
            ("Val", 5, "GET /api/people"),
        ]
        assert {each["client"] for each in denied} == {"127.0.0.1"}
        everything = json.dumps(await entries(hub))
        assert "hunter2" not in everything
        assert PASSWORD not in everything


async def test_api_token_acts_as_its_person_under_its_own_name(hub: ApiHub) -> None:
    await hub.telemetry("x", temperature=20.5)
    async with person(hub, "Ada", "administrator") as ada:
        wanted = {"name": "night script", "role": "administrator", "days": 1}
        value = (await ada.http.post("/api/account/tokens", json=wanted)).json()["value"]
        await hub.http.patch("/api/devices/x", json={"name": "Flue"}, headers={"Authorization": f"Bearer {value}"})
        (entry,) = await entries(hub, kind="device")
        assert (entry["person"], entry["token"]) == ("Ada", "night script")
        assert value not in json.dumps(await entries(hub))
        account = (await ada.http.get("/api/account")).json()["id"]
        await ada.http.patch("/api/account", json={"name": "Ada Lovelace"})
        names = {each["person"] for each in await entries(hub, person=account)}
        assert names == {"Ada"}, "an entry keeps the name at that time"


async def test_question_over_http_and_socket_names_model_and_tokens(hub: ApiHub) -> None:
    async with person(hub, "Ada", "administrator"), person(hub, "Val", "viewer") as val:
        await val.http.post("/ai/ask", json={"question": "How hot is it?"})
        await val.http.post("/ai/stream", json={"question": "And how hot is it now?"})
        async with hub.socket("/ws", additional_headers=val.cookie) as socket:
            talk = Socket(socket)
            await talk.say(action="chat", message="And here?")
            await talk.wait("ai_response")
            await talk.say(action="diagnose_device", device_id="x")
            await talk.wait("error")
    asked = await entries(hub, kind="ai")
    assert [(each["person"], each["details"]["question"]) for each in reversed(asked)] == [
        ("Val", "How hot is it?"),
        ("Val", "And how hot is it now?"),
        ("Val", "And here?"),
    ]
    assert {(each["details"]["model"], each["details"]["tokens"]) for each in asked} == {("builtin", 7)}
    assert {each["operation"] for each in asked} == {"POST /ai/ask", "POST /ai/stream", "SOCKET /ws"}
    (denied,) = await entries(hub, kind="denied")
    assert (denied["person"], denied["operation"]) == ("Val", "SOCKET /ws")


async def test_search_and_pages_are_stable_while_entries_are_added(hub: ApiHub) -> None:
    log = hub.app.trail.log
    for number in range(7):
        await log.write(entry(number, object=f"device-{number}", text=f"edited 100% of {number}"))
    first = (await hub.http.get("/api/audit", params={"limit": 3, "person": "eve"}, headers=BEARER)).json()
    await log.write(entry(8, object="device-8"))
    wanted = {"limit": 3, "person": "eve", "cursor": first["next"]}
    second = (await hub.http.get("/api/audit", params=wanted, headers=BEARER)).json()
    assert [each["object"] for each in first["items"]] == ["device-6", "device-5", "device-4"]
    assert [each["object"] for each in second["items"]] == ["device-3", "device-2", "device-1"]
    assert len(await entries(hub, object="DEVICE-3")) == 1
    assert len(await entries(hub, q="100% of 3")) == 1
    assert await entries(hub, q="100_ of 3") == [], "a wildcard is an ordinary character"
    assert [each["object"] for each in await entries(hub, **{"from": 2, "to": 3})] == ["device-3", "device-2"]
    refused = await hub.http.get("/api/audit", params={"from": 3, "to": 2}, headers=BEARER)
    assert refused.status_code == 422
    assert (await hub.http.get("/api/audit", params={"kind": "nonsense"}, headers=BEARER)).status_code == 422


async def test_export_neutralises_formulas_and_is_recorded_itself(hub: ApiHub) -> None:
    await hub.app.trail.log.write(entry(1, object="=HYPERLINK(1)", text='edited, "all"\nof it'))
    answer = await hub.http.get("/api/audit/export", params={"person": "Eve"}, headers=BEARER)
    assert "attachment" in answer.headers["content-disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["object"], row["person"], row["time"]) == ("'=HYPERLINK(1)", "Eve", "1970-01-01T00:00:00.001+00:00")
    lines = await hub.http.get("/api/audit/export", params={"format": "ndjson"}, headers=BEARER)
    assert [json.loads(line)["object"] for line in lines.text.splitlines()][-1] == "=HYPERLINK(1)"
    exported = await entries(hub, kind="data")
    assert [each["details"]["format"] for each in exported] == ["ndjson", "csv"]


def entry(at: int, outcome: AuditOutcome = "success", **fields: Any) -> AuditEntry:
    known = {"kind": "device", "operation": "PATCH /api/devices/{device_id}", "object": "x", "text": "edited"}
    given = known | {"actor": Actor("Eve", "u-1"), "client": "192.0.2.1"} | fields
    return AuditEntry(at=at, until=at, outcome=outcome, **given)


async def test_flood_of_denials_is_bounded_and_displaces_nothing(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    log = AuditLog(store.audit, lambda: 0)
    await log.write(entry(0))
    for number in range(20_000):
        address = f"198.51.{number // 256 % 256}.{number % 256}"
        log.put(entry(MINUTE_MS + number % 1_000, "denied", kind="denied", client=address, actor=Actor()))
    await log.close()
    rows = [row for _, row in await store.audit.page(EVERYTHING, 1_000)]
    assert len(rows) == 1 + MAX_REPEATED + 1
    assert sum(row.count for row in rows if row.outcome == "denied") == 20_000
    assert max(rows, key=lambda row: row.count).client == OTHERS
    while await store.audit.expire(0, 50):
        pass
    rows = [row for _, row in await store.audit.page(EVERYTHING, 1_000)]
    assert (len(rows), rows[-1].outcome) == (51, "success")
    while await store.audit.expire(MINUTE_MS, 50):
        pass
    assert {row.outcome for _, row in await store.audit.page(EVERYTHING)} == {"denied"}, "retention is by age, too"
    await store.close()


async def test_entries_survive_a_store_that_is_busy_and_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = SqliteStore.open(tmp_path)
    log, add = AuditLog(store.audit, lambda: 0), store.audit.add

    async def busy(_: Any) -> None:
        raise StoreBusy("The history is locked.", "Try again.")

    monkeypatch.setattr(store.audit, "add", busy)
    await log.write(entry(1))
    log.put(entry(1, "denied", kind="denied"))
    await log.flush()
    assert "Cannot write the audit log" in caplog.text
    monkeypatch.setattr(store.audit, "add", add)
    await asyncio.gather(log.write(entry(2)), log.write(entry(3)))
    log.put(entry(4, "denied", kind="denied"))
    await log.close()
    await store.close()
    again = SqliteStore.open(tmp_path)
    rows = [row for _, row in await again.audit.page(EVERYTHING)]
    assert sorted((row.at, row.count) for row in rows) == [(1, 1), (1, 2), (2, 1), (3, 1)]
    assert rows[-1] == msgspec.structs.replace(entry(1)), "all of its fields"
    await again.close()
