"""Changes by users are recorded in the activity; an acknowledgement can be withdrawn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import RULES, ApiHub, running_hub
from hub.api.change_log import Change, ChangeLog
from hub.errors import Conflict
from hub.model import Input
from live_page import Page


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "mappings.toml").write_text("")
    async with running_hub(tmp_path) as running:
        yield running


async def recorded(hub: ApiHub) -> list[tuple[str | None, str]]:
    items = (await hub.http.get("/api/activity", params={"kind": "settings"})).json()["items"]
    return [(item["device_id"], item["text"]) for item in items]


async def test_device_change_is_recorded_in_activity(hub: ApiHub) -> None:
    await hub.telemetry("x", t=20.5)
    await hub.http.patch("/api/devices/x", json={"name": "Flue", "area": "Roof", "labels": ["a"]})
    await hub.http.patch("/api/devices/x", json={"metrics": {"t": {"title": "Gas", "unit": "deg"}}})
    await hub.http.patch("/api/devices/x", json={"metrics": {"t": {"title": "Gas", "hidden": True}}})
    await hub.http.patch("/api/devices/x", json={"metrics": {"t": None}})
    await hub.http.patch("/api/devices/x", json={"name": "Flue"})
    assert await recorded(hub) == [
        ("x", "operator reset the metric T of Flue"),
        ("x", "operator hid the metric Gas of Flue"),
        ("x", "operator renamed a metric to Gas of Flue"),
        ("x", "operator renamed x to Flue; set the area of Flue to Roof; set the labels of Flue to a"),
    ]


async def test_rule_and_mapping_changes_are_recorded_in_activity(hub: ApiHub) -> None:
    async def put(path: str, text: str) -> None:
        revision = (await hub.http.get(f"{path}/text")).json()["revision"]
        answer = await hub.http.put(path, json={"text": text, "revision": revision})
        assert answer.status_code == 200, answer.text

    await put("/api/rules", RULES.replace("above = 80", "above = 90"))
    await put("/api/rules", RULES.replace('id = "hot"', 'id = "warm"').replace("Too hot", "Warm"))
    await put("/api/rules", "# nothing\n")
    await put("/api/mappings", '[[mapping]]\ntopic = "home/{room}/{metric}"\ndevice = "home/{room}"\n')
    assert [text for _, text in await recorded(hub)] == [
        "operator added the mapping of home/{room}/{metric}",
        "operator removed the rule Warm",
        "operator added the rule Warm; removed the rule Too hot",
        "operator changed the rule Too hot",
    ]


async def test_model_change_is_recorded_in_activity_without_api_key(hub: ApiHub) -> None:
    body = {"kind": "ollama", "model": "m", "base_url": "http://127.0.0.1:1", "api_key": "sk-secret"}
    await hub.http.put("/api/models/mine", json=body)
    await hub.http.delete("/api/models/mine")
    await hub.http.put("/api/models", json={"daily_calls": 5})
    assert [text for _, text in await recorded(hub)] == [
        "operator changed the roles of AI servers and the daily limits",
        "operator reset the AI server mine to the settings file",
        "operator saved the AI server mine",
    ]


async def test_failure_to_record_activity_does_not_fail_change(caplog: pytest.LogCaptureFixture) -> None:
    async def busy(_: Input) -> None:
        raise Conflict("The hub is busy.", "Try again.")

    await ChangeLog(busy, lambda: 0).write(Change("device.name", "renamed x to Flue"))
    assert "could not be logged as activity" in caplog.text


async def test_acknowledgement_can_be_withdrawn(hub: ApiHub) -> None:
    await hub.telemetry("x", temperature=95.0)
    (alert,) = (await hub.http.get("/api/alerts")).json()["items"]
    path = f"/api/alerts/{alert['id']}/acknowledge"
    async with hub.socket("/api/live") as connection:
        page = Page(connection)
        await page.start()
        await hub.http.post(path, json={"note": "seen"})
        assert (await page.wait("alert"))["alert"]["state"] == "acknowledged"
        withdrawn = (await hub.http.delete(path)).json()
        assert (withdrawn["state"], withdrawn["acknowledged_by"], withdrawn["note"]) == ("raised", None, None)
        assert (await page.wait("alert"))["alert"]["state"] == "raised"
    assert (await hub.http.delete(path)).json()["state"] == "raised"
    items = (await hub.http.get("/api/activity", params={"kind": "acknowledged"})).json()["items"]
    assert [item["text"] for item in items] == [
        "operator removed the acknowledgement of x: temperature 95, above 80",
        "operator acknowledged x: temperature 95, above 80",
    ]
    await hub.telemetry("x", temperature=20.0)
    assert (await hub.http.delete(path)).status_code == 409
    assert (await hub.http.delete("/api/alerts/none/acknowledge")).status_code == 404
