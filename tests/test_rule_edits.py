"""One rule previewed, added, changed and deleted over HTTP; comments and other rules are unchanged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub

FILE = """# Agreed with the site.

[[rule]]
id = "hot"
name = "Too hot"
metric = "temperature"
above = 80  # degrees
clear = 78
severity = "critical"

# -- doors --

[[rule]]
id = "door"
kind = "equals"
metric = "door"
value = "open"
"""
HOT = {"id": "hot", "name": "Too hot", "metric": "temperature", "above": 80, "clear": 78, "severity": "critical"}
WARM = {"id": "warm", "name": "Warm", "kind": None, "metric": "temperature", "above": 30.5}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(FILE)
    async with running_hub(tmp_path) as running:
        assert (await send(running, "PUT", "/api/rules", {"text": FILE})).status_code == 200
        yield running


async def send(hub: ApiHub, method: str, path: str, body: dict[str, Any] | None = None, **query: str) -> Any:
    """Send a change with the current revision, unless one is given."""
    revision = (await hub.http.get("/api/rules/text")).json()["revision"]
    if method == "DELETE":
        return await hub.http.request(method, path, params={"revision": revision, **query})
    return await hub.http.request(method, path, json={"revision": revision, **(body or {})})


async def ids(hub: ApiHub) -> list[str]:
    return [rule["id"] for rule in (await hub.http.get("/api/rules")).json()["items"]]


async def test_changed_rule_is_active_and_other_lines_are_unchanged(hub: ApiHub, tmp_path: Path):
    await hub.telemetry("boiler-1", temperature=75)
    answer = await send(hub, "PUT", "/api/rules/hot", {"rule": {**HOT, "above": 70, "clear": None}})
    assert answer.status_code == 200
    expected = FILE.replace("above = 80  # degrees\nclear = 78", "above = 70  # degrees")
    assert (tmp_path / "rules.toml").read_text() == answer.json()["text"] == expected
    (alert,) = (await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"]
    assert alert["threshold"] == 70
    lines = (await hub.http.get("/api/activity")).json()["items"]
    assert "operator changed the rule Too hot" in [line["text"] for line in lines]


async def test_change_is_undone_with_the_returned_revision(hub: ApiHub, tmp_path: Path):
    before = (await hub.http.get("/api/rules/text")).json()
    after = (await send(hub, "PUT", "/api/rules/hot", {"rule": {**HOT, "above": 70, "clear": 60}})).json()
    undo = {"text": before["text"], "revision": after["revision"]}
    assert (await hub.http.put("/api/rules", json=undo)).json() == {**before, "warnings": []}
    assert (tmp_path / "rules.toml").read_text() == FILE


async def test_rule_is_changed_as_text(hub: ApiHub):
    text = '[[rule]]\nid = "door"\n# since 2026\nkind = "equals"\nmetric = "door"\nvalue = true'
    answer = await send(hub, "PUT", "/api/rules/door", {"text": text})
    assert answer.json()["text"] == FILE[: FILE.index('[[rule]]\nid = "door"')] + text + "\n"
    assert (await hub.http.get("/api/rules")).json()["items"][1]["condition"] == {"value": True}


async def test_added_rule_goes_to_the_end(hub: ApiHub):
    answer = await send(hub, "POST", "/api/rules", {"rule": WARM})
    assert answer.status_code == 201
    assert answer.json()["text"] == (
        f'{FILE}\n[[rule]]\nid = "warm"\nname = "Warm"\nmetric = "temperature"\nabove = 30.5\n'
    )
    assert await ids(hub) == ["hot", "door", "warm"]


async def test_deleted_rule_withdraws_its_alert(hub: ApiHub):
    await hub.telemetry("boiler-1", temperature=90)
    answer = await send(hub, "DELETE", "/api/rules/hot")
    assert answer.status_code == 200
    assert answer.json()["text"] == "# Agreed with the site.\n\n" + FILE[FILE.index("# -- doors") :]
    assert await ids(hub) == ["door"]
    assert (await hub.http.get("/api/alerts", params={"state": "open"})).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    [
        ("PUT", "/api/rules/none", {"rule": HOT}, 404, "no rule with this id"),
        ("DELETE", "/api/rules/none", None, 404, "no rule with this id"),
        ("PUT", "/api/rules/hot", {"rule": {**HOT, "clear": 90}}, 422, "rule 'hot': clear = 90.0 is not valid"),
        ("PUT", "/api/rules/hot", {"rule": {**HOT, "id": "door"}}, 422, "'door' is used twice"),
        ("PUT", "/api/rules/hot", {"text": "[[rule]"}, 422, "not valid TOML"),
        ("PUT", "/api/rules/hot", {"rule": {"id": [None]}}, 422, "cannot be written as TOML"),
        ("PUT", "/api/rules/hot", {"text": "# later"}, 422, "has no [[rule]] table"),
        ("PUT", "/api/rules/door", {"text": ""}, 422, "has no [[rule]] table"),
        ("PUT", "/api/rules/hot", {}, 422, "give rule or text"),
        ("PUT", "/api/rules/hot", {"rule": HOT, "text": "x"}, 422, "give either rule or text"),
        ("POST", "/api/rules", {"rule": HOT}, 422, "'hot' is used twice"),
        ("POST", "/api/rules", {"rule": {**WARM, "colour": "red"}}, 422, "colour = 'red' is not valid"),
        ("POST", "/api/rules/preview", {}, 422, "Allowed: text, id, rule"),
    ],
)
async def test_refused_change_gives_reason_and_changes_nothing(
    hub: ApiHub, tmp_path: Path, method: str, path: str, body: dict[str, Any] | None, status: int, expected: str
):
    answer = await send(hub, method, path, body)
    assert answer.status_code == status, answer.text
    assert expected in answer.json()["error"]["message"]
    assert (tmp_path / "rules.toml").read_text() == FILE
    assert await ids(hub) == ["hot", "door"]


async def test_stale_revision_is_a_conflict(hub: ApiHub, tmp_path: Path):
    stale = {"revision": "0123456789abcdef"}
    answers = [
        await hub.http.put("/api/rules/hot", json={"rule": HOT, **stale}),
        await hub.http.post("/api/rules", json={"rule": WARM, **stale}),
        await hub.http.delete("/api/rules/hot", params=stale),
    ]
    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert (tmp_path / "rules.toml").read_text() == FILE


async def test_preview_returns_text_and_description_without_change(hub: ApiHub, tmp_path: Path):
    async def preview(**body: Any) -> dict[str, Any]:
        return dict((await hub.http.post("/api/rules/preview", json=body)).json())

    found = await preview(id="hot")
    assert found["text"].startswith('[[rule]]\nid = "hot"\n')
    assert (found["rule"]["text"], found["problem"]) == ("temperature above 80, clears below 78", None)
    found = await preview(id="hot", rule={**HOT, "above": 70})
    assert "above = 70  # degrees" in found["text"]
    assert found["rule"] is None
    assert "clear = 78.0 is not valid. Allowed: at most above (70)." in found["problem"]
    found = await preview(id="hot", text=found["text"].replace("clear = 78", "clear = 60"))
    assert found["rule"]["condition"] == {
        "above": 70.0,
        "below": None,
        "clear": 60.0,
        "steps": [],
        "device_limits": False,
    }
    found = await preview(rule=WARM)
    assert found["text"] == '[[rule]]\nid = "warm"\nname = "Warm"\nmetric = "temperature"\nabove = 30.5'
    assert found["rule"]["id"] == "warm"
    assert (await hub.http.post("/api/rules/preview", json={"id": "none"})).status_code == 404
    assert (tmp_path / "rules.toml").read_text() == FILE


async def test_file_without_rule_tables_is_editable_as_text_only(hub: ApiHub, tmp_path: Path):
    (tmp_path / "rules.toml").write_text('rule = [{ id = "hot", metric = "t", above = 80 }]\n')
    answer = await send(hub, "PUT", "/api/rules/hot", {"rule": HOT})
    assert answer.status_code == 422
    assert answer.json()["error"]["hint"] == "Edit it in the text view."


async def test_rules_file_is_limited_to_200000_characters(hub: ApiHub, tmp_path: Path):
    long = FILE + "# " + "x" * 199_700 + "\n"
    (tmp_path / "rules.toml").write_text(long)
    answer = await send(hub, "POST", "/api/rules", {"rule": {**WARM, "labels": ["y" * 200]}})
    assert answer.status_code == 422
    assert "longer than 200,000 characters" in answer.json()["error"]["message"]
    assert (tmp_path / "rules.toml").read_text() == long
