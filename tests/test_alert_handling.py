"""Acknowledge, assign, mute, comment and close alerts, and read their history, over HTTP and across restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import RULES, ApiHub, Socket, events, first, now_ms, running_hub
from hub.model import Tick
from signed_in import TOKEN, Browser, link

HOUR = 3_600_000


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as started:
        yield started


async def raised(hub: ApiHub, device: str = "pump-01", value: float = 85) -> str:
    """Raise an alert and return its path."""
    await hub.telemetry(device, temperature=value)
    (alert,) = (await hub.http.get(f"/api/alerts?state=open&device_id={device}")).json()["items"]
    return f"/api/alerts/{alert['id']}"


async def read(hub: ApiHub, path: str) -> dict:
    return dict((await hub.http.get(path)).json())


async def do(hub: ApiHub, method: str, path: str, status: int = 200, **body) -> dict:
    answer = await hub.http.request(method, path, json=body or None)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def history(hub: ApiHub, path: str) -> list[str]:
    """Return the kinds of an alert's history, oldest first."""
    return [each["kind"] for each in (await read(hub, f"{path}/history"))["items"]][::-1]


async def tick(hub: ApiHub, at: int) -> None:
    await hub.services.ingest_queue.submit(Tick(at, 0))


async def test_acknowledgement_ends_at_its_time_also_after_restart(tmp_path: Path) -> None:
    until = now_ms() + HOUR
    async with running_hub(tmp_path) as hub:
        path = await raised(hub)
        alert = await do(hub, "POST", f"{path}/acknowledge", until=until, note="after lunch")
        assert (alert["state"], alert["acknowledged_until"]) == ("acknowledged", until)
        longer = await do(hub, "POST", f"{path}/acknowledge", until=until + HOUR)
        assert longer["acknowledged_until"] == until + HOUR
        await do(hub, "POST", f"{path}/acknowledge", until=until, note="after lunch")
        await tick(hub, until - 1)
        assert (await read(hub, path))["state"] == "acknowledged"
    async with running_hub(tmp_path) as hub:
        assert (await read(hub, path))["acknowledged_until"] == until
        await tick(hub, until)
        alert = await read(hub, path)
        assert (alert["state"], alert["acknowledged_by"], alert["acknowledged_until"]) == ("raised", None, None)
        kinds = ["raised", "acknowledged", "acknowledged", "acknowledged", "acknowledgement_expired"]
        assert await history(hub, path) == kinds
        assert (await do(hub, "POST", f"{path}/acknowledge"))["state"] == "acknowledged"
        await tick(hub, until + 9 * HOUR)
        assert (await read(hub, path))["state"] == "acknowledged", "until it is cleared"


async def test_mute_ends_at_its_time_or_by_hand(hub: ApiHub) -> None:
    path, until = await raised(hub), now_ms() + HOUR
    alert = await do(hub, "POST", f"{path}/mute", until=until)
    assert (alert["state"], alert["muted"]["by"], alert["muted"]["until"]) == ("raised", "operator", until)
    assert [each["id"] for each in (await read(hub, "/api/alerts?muted=true"))["items"]] == [alert["id"]]
    assert (await read(hub, "/api/alerts?muted=false&state=open"))["items"] == []
    await tick(hub, until)
    assert (await read(hub, path))["muted"] is None
    await do(hub, "POST", f"{path}/mute")
    await do(hub, "DELETE", f"{path}/mute")
    assert await history(hub, path) == ["raised", "muted", "mute_expired", "muted", "unmuted"]
    wrong = await hub.http.post(f"{path}/mute", json={"until": now_ms() - 1})
    assert (wrong.status_code, "until" in wrong.text) == (422, True)
    assert (await hub.http.get("/api/alerts?state=cleared&muted=true")).status_code == 422


async def test_comments_are_kept_in_order_and_never_overwritten(hub: ApiHub) -> None:
    """ThingsBoard 5800: a second comment overwrote the first."""
    path = await raised(hub)
    await do(hub, "POST", f"{path}/comments", text="Smells burnt")
    await do(hub, "POST", f"{path}/acknowledge", note="On my way")
    await do(hub, "POST", f"{path}/acknowledge", note="Me too")
    await hub.telemetry("pump-01", temperature=20)
    alert = await do(hub, "POST", f"{path}/comments", text="It was the fan")
    assert (alert["state"], alert["comments"], alert["note"]) == ("cleared", 3, "On my way")
    found = (await read(hub, f"{path}/history"))["items"][::-1]
    assert [(each["kind"], each["text"]) for each in found] == [
        ("raised", "temperature 85, above 80"),
        ("commented", "Smells burnt"),
        ("acknowledged", "On my way"),
        ("commented", "Me too"),
        ("cleared", None),
        ("commented", "It was the fan"),
    ]
    assert (found[0]["by"], found[1]["by"], found[0]["severity"]) == (None, "operator", "critical")
    page = await read(hub, f"{path}/history?limit=4")
    rest = (await hub.http.get(f"{path}/history", params={"cursor": page["next"]})).json()
    assert (page["items"] + rest["items"])[::-1] == found
    assert rest["next"] is None


async def test_handling_survives_restart_and_rule_edit(tmp_path: Path) -> None:
    """Home Assistant 94857: the acknowledgement was lost when the rules were loaded again."""
    async with running_hub(tmp_path) as hub:
        path = await raised(hub)
        await do(hub, "POST", f"{path}/acknowledge", note="Seen")
        await do(hub, "POST", f"{path}/mute")
        before = await do(hub, "POST", f"{path}/comments", text="Ordered a bearing")
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        revision = (await read(hub, "/api/rules/text"))["revision"]
        changed = RULES.replace("above = 80", "above = 82").replace('"critical"', '"warning"')
        await do(hub, "PUT", "/api/rules", text=changed, revision=revision)
        after = await read(hub, path)
        kept = ("id", "state", "note", "muted", "comments", "acknowledged_by", "acknowledged_at")
        assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
        assert (after["severity"], after["threshold"]) == ("warning", 82)
        assert await history(hub, path) == ["raised", "acknowledged", "muted", "commented", "changed"]


async def test_cleared_alert_is_never_used_again(hub: ApiHub) -> None:
    """ThingsBoard 7811: the next fault reopened the old alert, with its acknowledgement."""
    path = await raised(hub)
    await do(hub, "POST", f"{path}/acknowledge")
    await hub.telemetry("pump-01", temperature=20)
    again = await raised(hub)
    assert again != path
    assert (await read(hub, again))["state"] == "raised"
    assert await history(hub, again) == ["raised"]
    assert await history(hub, path) == ["raised", "acknowledged", "cleared"]


async def test_only_new_readings_raise_a_closed_alert_again(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        path = await raised(hub)
        alert = await do(hub, "POST", f"{path}/close", note="Sensor removed")
        assert (alert["state"], alert["closed_by"], alert["withdrawn"], alert["ended_at"]) == (
            *("cleared", "operator"),
            *(False, None),
        )
        await do(hub, "POST", f"{path}/close", status=409)
        await do(hub, "POST", f"{path}/mute", status=409)
    async with running_hub(tmp_path) as hub:
        revision = (await read(hub, "/api/rules/text"))["revision"]
        await do(hub, "PUT", "/api/rules", text=RULES.replace("80", "81"), revision=revision)
        await tick(hub, now_ms() + HOUR)
        assert (await read(hub, "/api/alerts?state=open"))["items"] == [], "the latest value raises nothing"
        assert await history(hub, path) == ["raised", "closed"]
        again = await raised(hub, value=86)
        assert again != path


async def test_closed_no_data_alert_is_raised_only_after_device_was_heard(tmp_path: Path) -> None:
    silence = '[[rule]]\nid = "quiet"\nkind = "no_data"\nsilence = "10s"\n'
    (tmp_path / "rules.toml").write_text(silence)
    async with running_hub(tmp_path, rules=silence) as hub:
        await hub.telemetry("pump-01", temperature=20)
        at = hub.services.registry.require("pump-01").last_seen + 10_000
        await tick(hub, at)
        (alert,) = (await read(hub, "/api/alerts?state=open"))["items"]
        await do(hub, "POST", f"/api/alerts/{alert['id']}/close")
    async with running_hub(tmp_path, rules=silence) as hub:
        await tick(hub, at + HOUR)
        assert (await read(hub, "/api/alerts?state=open"))["items"] == []
        hub.publish("devices/pump-01/telemetry", {"temperature": 20}, at=at + HOUR)
        await hub.settled()
        await tick(hub, at + HOUR + 10_000)
        (again,) = (await read(hub, "/api/alerts?state=open"))["items"]
        assert again["id"] != alert["id"]


async def test_bulk_action_changes_what_it_can(hub: ApiHub) -> None:
    ids = [(await raised(hub, device)).rpartition("/")[2] for device in ("a", "b", "c")]
    await hub.telemetry("c", temperature=20)
    found = (await do(hub, "POST", "/api/alert-actions", alerts=[*ids, "none"], action="acknowledge", note="x"))[
        "items"
    ]
    assert [(each["id"], each["alert"] and each["alert"]["state"]) for each in found] == [
        *((ids[0], "acknowledged"), (ids[1], "acknowledged")),
        *((ids[2], None), ("none", None)),
    ]
    assert "has cleared" in found[2]["error"]
    assert "no alert" in found[3]["error"]
    for action, more in (
        ("mute", {}),
        ("unmute", {}),
        ("comment", {"text": "y"}),
        ("unacknowledge", {}),
        ("close", {}),
    ):
        done = (await do(hub, "POST", "/api/alert-actions", alerts=ids[:2], action=action, **more))["items"]
        assert [each["error"] for each in done] == [None, None], action
    kinds = ["raised", "acknowledged", "muted", "unmuted", "commented", "unacknowledged", "closed"]
    assert await history(hub, f"/api/alerts/{ids[0]}") == kinds
    await do(hub, "POST", "/api/alert-actions", status=422, alerts=ids, action="comment")


async def test_streams_say_what_changed(hub: ApiHub) -> None:
    path = await raised(hub)
    async with hub.socket("/ws") as connection, hub.http.stream("GET", "/events/devices?all=1") as answer:
        socket, stream = Socket(connection), events(answer.aiter_lines())
        await socket.wait("devices")
        await do(hub, "POST", f"{path}/comments", text="Look here")
        message = await socket.wait("alert_update")
        assert (message["change"]["kind"], message["change"]["text"]) == ("commented", "Look here")
        event = await first(stream, "alert_update")
        assert (event.data["change"]["by"], event.data["alert_id"]) == ("operator", path.rpartition("/")[2])
        assert event.id is None
    activity = (await read(hub, "/api/activity?kind=handled"))["items"]
    assert [each["text"] for each in activity] == ["operator commented on pump-01: temperature 85, above 80: Look here"]


async def test_alert_is_assigned_to_those_who_may_see_its_device(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub, Browser(hub) as ada, Browser(hub) as ben:
        await ada.welcome(await link(hub, "administrator"), "Ada")
        await ben.welcome(await link(hub, "operator"), "Ben")
        hub.http.headers["Authorization"] = f"Bearer {TOKEN}"
        path = await raised(hub)
        people = {each["name"]: each["id"] for each in (await read(hub, "/api/assignees?device_id=pump-01"))["items"]}
        assert set(people) == {"Ada", "Ben"}
        alert = await do(hub, "PUT", f"{path}/assignee", account_id=people["Ben"])
        assert alert["assignee"] == {"id": people["Ben"], "name": "Ben"}
        assert len((await read(hub, f"/api/alerts?assignee={people['Ben']}"))["items"]) == 1
        assert (await read(hub, "/api/alerts?assignee=none"))["items"] == []
        await do(hub, "DELETE", f"{path}/assignee")
        limited = {"limits": {"areas": [], "labels": ["cold room"]}}
        await do(hub, "PATCH", f"/api/people/{people['Ben']}", **limited)
        refused = await do(hub, "PUT", f"{path}/assignee", status=422, account_id=people["Ben"])
        assert "cannot be assigned" in refused["error"]["message"]
        assert (await ben.http.get(f"{path}/history")).status_code == 404
        assert (await ben.http.post(f"{path}/comments", json={"text": "x"})).status_code == 404
        await do(hub, "PATCH", f"/api/people/{people['Ben']}", limits=None)
        await do(hub, "PUT", f"{path}/assignee", account_id=people["Ben"])
        assert (await hub.http.delete(f"/api/people/{people['Ben']}")).status_code == 204
        assert (await read(hub, path))["assignee"] is None, "the account was removed"
        kinds = ["raised", "assigned", "unassigned", "assigned", "unassigned"]
        assert await history(hub, path) == kinds
        entries = (await read(hub, f"{path}/history"))["items"]
        assert [each["text"] for each in entries if each["kind"] == "assigned"] == ["Ben", "Ben"]
