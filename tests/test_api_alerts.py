"""Alerts, diagnoses, rules, rejected messages and activity over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, diagnosis_of, now_ms, running_hub
from hub.model import WriteDiagnosis


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        yield hub


async def open_alert(hub: ApiHub, device: str = "pump-01") -> dict[str, object]:
    await hub.telemetry(device, temperature=85)
    return dict((await hub.http.get(f"/api/alerts?state=open&device_id={device}")).json()["items"][0])


async def test_alert_is_raised_acknowledged_and_cleared(hub: ApiHub) -> None:
    alert = await open_alert(hub)
    assert set(alert) == {
        "id", "device_id", "device_name", "metric", "rule_id", "rule_name", "severity", "state", "message", "value",
        "threshold",
        "unit", "since", "raised_at", "acknowledged_at", "acknowledged_by", "note", "cleared_at", "diagnosis",
        "diagnosis_state", "began_at", "ended_at", "withdrawn", "late", "current", "stays_open", "stays_open_key",
        "stays_open_params", "message_key", "message_params", "confirmed", "acknowledged_until", "assignee", "muted",
        "closed_by", "comments", "silenced_by", "incident_id", "suppressed_by", "flapping", "diagnosis_for",
    }  # fmt: skip
    assert (alert["message"], alert["message_key"]) == ("temperature 85, above 80", "threshold")
    assert alert["message_params"] == {
        "name": "Temperature", "value": 85.0, "unit": None, "device_class": "temperature", "silent_ms": 0, "for_ms": 0,
        "condition": {"above": 80.0, "below": None, "clear": 78.0, "steps": [], "device_limits": False},
    }  # fmt: skip
    assert (alert["device_id"], alert["metric"], alert["rule_id"]) == ("pump-01", "temperature", "hot")
    assert alert["rule_name"] == "Too hot"
    assert (alert["severity"], alert["state"], alert["value"], alert["threshold"]) == ("critical", "raised", 85.0, 80.0)
    assert (alert["diagnosis"], alert["diagnosis_state"]) == (None, "none")
    assert (await hub.http.get("/api/devices/pump-01")).json()["severity"] == "critical"
    assert (await hub.http.get("/api/devices/pump-01")).json()["alerts"][0]["id"] == alert["id"]

    path = f"/api/alerts/{alert['id']}"
    acknowledged = (await hub.http.post(f"{path}/acknowledge", json={"note": "On my way"})).json()
    assert (acknowledged["state"], acknowledged["note"], acknowledged["acknowledged_by"]) == (
        "acknowledged",
        "On my way",
        "operator",
    )
    assert abs(acknowledged["acknowledged_at"] - now_ms()) < 5_000
    again = await hub.http.post(f"{path}/acknowledge", json={"note": "Too late"})
    assert (again.status_code, again.json()) == (200, acknowledged | {"comments": 1}), "the note is kept as a comment"

    await hub.telemetry("pump-01", temperature=20)
    cleared = (await hub.http.get(path)).json()
    assert (cleared["state"], cleared["note"]) == ("cleared", "On my way")
    late = await hub.http.post(f"{path}/acknowledge")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "conflict")
    assert (await hub.http.get("/api/alerts?state=open")).json()["items"] == []
    assert [a["id"] for a in (await hub.http.get("/api/alerts?state=cleared")).json()["items"]] == [alert["id"]]


async def test_acknowledge_body_is_optional_and_unknown_alert_is_404(hub: ApiHub) -> None:
    alert = await open_alert(hub)
    assert (await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge")).json()["state"] == "acknowledged"
    assert (await hub.http.get("/api/alerts/none")).status_code == 404
    assert (await hub.http.post("/api/alerts/none/acknowledge")).status_code == 404
    assert (await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"by": "me"})).status_code == 422
    assert (await hub.http.get("/api/alerts?state=loud")).status_code == 422


async def test_alert_pages_are_newest_first(hub: ApiHub) -> None:
    for number in range(5):
        await hub.telemetry(f"d{number}", temperature=85)
        await asyncio.sleep(0.002)
    first = (await hub.http.get("/api/alerts?limit=2")).json()
    second = (await hub.http.get("/api/alerts", params={"limit": 2, "cursor": first["next"]})).json()
    third = (await hub.http.get("/api/alerts", params={"limit": 2, "cursor": second["next"]})).json()
    devices = [alert["device_id"] for page in (first, second, third) for alert in page["items"]]
    assert devices == ["d4", "d3", "d2", "d1", "d0"]
    assert third["next"] is None


async def test_alert_includes_its_diagnosis(hub: ApiHub) -> None:
    alert = await open_alert(hub)
    hub.ai.pending_ids.add(str(alert["id"]))
    assert (await hub.http.get(f"/api/alerts/{alert['id']}")).json()["diagnosis_state"] == "pending"
    diagnosis = diagnosis_of("pump-01", str(alert["id"]))
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis))
    explained = (await hub.http.get(f"/api/alerts/{alert['id']}")).json()
    assert explained["diagnosis_state"] == "ready"
    found = explained["diagnosis"]
    assert found == (await hub.http.get(f"/api/diagnoses/{diagnosis.id}")).json()
    assert (found["alert_id"], found["device_id"], found["match"]) == (alert["id"], "pump-01", "strong")
    assert found["evidence"][0]["from"] == 1
    assert found["evidence"][0]["to"] == 2
    assert [(cause["cause"], cause["match"]) for cause in found["causes"]] == [
        ("bearing_wear", "strong"),
        ("fouling", "weak"),
    ]
    (claim,) = found["claims"]
    assert (claim["text"], claim["evidence"], claim["supported"]) == ("It rises.", ["e1"], True)
    assert (claim["kind"], claim["reason"], claim["by_hub"]) == ("observation", "", False)
    assert (found["struck"], found["opinions"], found["awaits"]) == (0, [], None)
    assert found["generated_by"] == {"provider": "builtin", "model": "builtin", "generative": False}


async def test_device_without_alert_can_be_diagnosed(hub: ApiHub) -> None:
    await hub.telemetry("pump-01", temperature=20)
    found = (await hub.http.post("/api/devices/pump-01/diagnose")).json()
    assert (found["alert_id"], found["device_id"]) == (None, "pump-01")
    assert (await hub.http.get(f"/api/diagnoses/{found['id']}")).json() == found
    assert (await hub.http.post("/api/devices/nobody/diagnose")).status_code == 404
    assert (await hub.http.get("/api/diagnoses/none")).status_code == 404


async def test_alert_and_acknowledgement_survive_restart(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        alert = await open_alert(hub)
        await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge", json={"note": "seen"})
    async with running_hub(tmp_path) as hub:
        (restored,) = (await hub.http.get("/api/alerts?state=open")).json()["items"]
        assert (restored["id"], restored["state"], restored["note"]) == (alert["id"], "acknowledged", "seen")


async def test_rejected_message_is_listed_with_excerpt(hub: ApiHub) -> None:
    hub.publish("devices/pump-01/telemetry", b"{not json" + b"x" * 5000)
    await hub.settled()
    (rejected,) = (await hub.http.get("/api/rejected")).json()["items"]
    assert set(rejected) == {"topic", "reason", "detail", "excerpt", "payload_hex", "bytes", "received_at"}
    assert (rejected["topic"], rejected["reason"]) == ("devices/pump-01/telemetry", "not_json")
    assert rejected["excerpt"].startswith("{not json")
    assert len(rejected["excerpt"]) < 1000
    assert bytes.fromhex(rejected["payload_hex"]) == (b"{not json" + b"x" * 5000)[:2048]
    assert rejected["bytes"] == 5009


async def test_activity_is_filtered_and_paged(hub: ApiHub) -> None:
    alert = await open_alert(hub)
    await hub.http.post(f"/api/alerts/{alert['id']}/acknowledge")
    await hub.telemetry("other", x=1)
    items = (await hub.http.get("/api/activity?device_id=pump-01")).json()["items"]
    assert [line["kind"] for line in items] == ["acknowledged", "raised", "discovered"]
    assert set(items[0]) == {"ts", "kind", "device_id", "text", "severity", "message_key", "message_params"}
    (appeared,) = (await hub.http.get("/api/activity?kind=discovered&device_id=other")).json()["items"]
    assert (appeared["kind"], appeared["device_id"]) == ("discovered", "other")
    both = (await hub.http.get("/api/activity?kind=discovered&limit=1")).json()
    older = (await hub.http.get("/api/activity", params={"kind": "discovered", "cursor": both["next"]})).json()
    assert [line["device_id"] for line in both["items"] + older["items"]] == ["other", "pump-01"]
    assert (await hub.http.get("/api/activity?kind=nonsense")).json() == {"items": [], "next": None}
    page = (await hub.http.get("/api/activity?limit=2")).json()
    rest = (await hub.http.get("/api/activity", params={"limit": 50, "cursor": page["next"]})).json()
    kinds = [line["kind"] for line in page["items"] + rest["items"]]
    assert (kinds[0], len(kinds), rest["next"]) == ("discovered", 4, None)


async def test_rule_has_text_and_last_fired_time(hub: ApiHub) -> None:
    (rule,) = (await hub.http.get("/api/rules")).json()["items"]
    assert (rule["id"], rule["kind"], rule["condition"]["above"], rule["last_fired"]) == (
        "hot",
        "threshold",
        80.0,
        None,
    )
    assert rule["text"] == "temperature above 80, clears below 78"
    alert = await open_alert(hub)
    (rule,) = (await hub.http.get("/api/rules")).json()["items"]
    assert rule["last_fired"] == alert["raised_at"]
