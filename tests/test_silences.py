"""Silences and weekly maintenance windows: what they match, when, and that alerts are as before when they end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from api_hub import ApiHub, now_ms, running_hub
from hub.model import AlertSilence, Tick, WeeklyWindow
from hub.rules.silence_times import next_interval
from signed_in import TOKEN, Browser, link

HOUR = 3_600_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as started:
        yield started


async def do(hub: ApiHub, method: str, path: str, status: int = 200, **body) -> dict:
    answer = await hub.http.request(method, path, json=body or None)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def silence(hub: ApiHub, ends_at: int | None, **more) -> dict:
    return await do(hub, "POST", "/api/silences", 201, **{"note": "Service", "ends_at": ends_at, **more})


async def alerts(hub: ApiHub, **query) -> list[dict]:
    found = (await hub.http.get("/api/alerts", params={"state": "open", **query})).json()["items"]
    return sorted(found, key=lambda alert: alert["device_id"])


async def history(hub: ApiHub, alert: dict) -> list[str]:
    """Return the kinds of an alert's history, oldest first."""
    found = (await hub.http.get(f"/api/alerts/{alert['id']}/history")).json()["items"]
    return [each["kind"] for each in found][::-1]


async def tick(hub: ApiHub, at: int) -> None:
    await hub.services.ingest_queue.submit(Tick(at, 0))


async def test_alerts_are_raised_and_marked_while_silenced_and_as_before_afterwards(hub: ApiHub) -> None:
    """Keep 5257: alerts stayed suppressed after the end of their maintenance window."""
    end = now_ms() + HOUR
    await hub.telemetry("pump-1", temperature=85)
    (before,) = await alerts(hub)
    await do(hub, "POST", f"/api/alerts/{before['id']}/acknowledge", note="Seen")
    made = await silence(hub, end, devices=["pump-*"])
    assert (made["state"], made["alerts"], made["by"]) == ("active", 1, "operator")
    await hub.telemetry("pump-2", temperature=85)
    await hub.telemetry("fan", temperature=85)
    assert [alert["device_id"] for alert in await alerts(hub, silenced=True)] == ["pump-1", "pump-2"]
    assert [alert["device_id"] for alert in await alerts(hub, silenced=False)] == ["fan"]
    assert [alert["silenced_by"] for alert in await alerts(hub, silenced=True)] == [
        [{"id": made["id"], "note": "Service"}]
    ] * 2
    await tick(hub, end - 1)
    assert len(await alerts(hub, silenced=True)) == 2
    await tick(hub, end)
    assert await alerts(hub, silenced=True) == []
    first, second = await alerts(hub, device_id="pump-1"), await alerts(hub, device_id="pump-2")
    assert (first[0]["id"], first[0]["state"], first[0]["note"]) == (before["id"], "acknowledged", "Seen")
    assert await history(hub, first[0]) == ["raised", "acknowledged", "silenced", "unsilenced"]
    assert await history(hub, second[0]) == ["raised", "silenced", "unsilenced"], "nothing is raised twice"
    (listed,) = (await do(hub, "GET", "/api/silences"))["items"]
    assert (listed["state"], listed["alerts"]) == ("expired", 0)
    log = (await do(hub, "GET", "/api/activity?kind=silence"))["items"]
    assert [entry["text"] for entry in log] == [
        "The silence ended: Service",
        "The silence started: Service",
        "operator created the silence: Service",
    ]


async def test_silence_survives_restart_without_raising_again(tmp_path: Path) -> None:
    end = now_ms() + HOUR
    async with running_hub(tmp_path) as hub:
        made = await silence(hub, end, rules=["h*"])
        await hub.telemetry("pump-1", temperature=85)
    async with running_hub(tmp_path) as hub:
        (alert,) = await alerts(hub, silenced=True)
        await tick(hub, end - 1)
        assert await history(hub, alert) == ["raised", "silenced"]
        assert (await do(hub, "GET", f"/api/silences/{made['id']}"))["state"] == "active"
    async with running_hub(tmp_path) as hub:
        await tick(hub, end)
        assert await alerts(hub, silenced=True) == []
        assert await history(hub, alert) == ["raised", "silenced", "unsilenced"]


async def test_silence_is_edited_and_ended_by_hand(hub: ApiHub) -> None:
    now = now_ms()
    await hub.telemetry("pump-1", temperature=85)
    await hub.telemetry("pump-2", temperature=85)
    made = await silence(hub, now + HOUR, devices=["pump-1"])
    path = f"/api/silences/{made['id']}"
    edited = await do(hub, "PUT", path, note="Other pump", ends_at=now + HOUR, devices=["pump-2"])
    assert (edited["state"], edited["note"], edited["alerts"]) == ("active", "Other pump", 1)
    assert [alert["device_id"] for alert in await alerts(hub, silenced=True)] == ["pump-2"]
    later = await do(hub, "PUT", path, note="x", starts_at=now + HOUR, ends_at=now + 2 * HOUR, devices=["pump-2"])
    assert (later["state"], await alerts(hub, silenced=True)) == ("pending", [])
    await tick(hub, now + HOUR)
    assert len(await alerts(hub, silenced=True)) == 1
    assert (await do(hub, "DELETE", path))["state"] == "expired"
    assert await alerts(hub, silenced=True) == []
    await do(hub, "DELETE", path, status=404)
    await do(hub, "PUT", path, status=404, note="x", ends_at=now + HOUR, devices=["pump-2"])


async def test_preview_shows_what_a_silence_would_hide(hub: ApiHub) -> None:
    await hub.telemetry("pump-1", temperature=85)
    await hub.telemetry("pump-2", temperature=85)
    await do(hub, "PATCH", "/api/devices/pump-2", labels=["critical"], area="Hall 2")
    for matchers, devices in (
        ({"devices": ["*"]}, ["pump-1", "pump-2"]),
        ({"labels": ["critical"]}, ["pump-2"]),
        ({"areas": ["Hall 2"]}, ["pump-2"]),
        ({"severities": ["warning"]}, []),
        ({"severities": ["critical"], "rules": ["hot"], "devices": ["*-1"]}, ["pump-1"]),
    ):
        found = await do(hub, "POST", "/api/silences/preview", **matchers)
        assert sorted(alert["device_id"] for alert in found["items"]) == devices, matchers
        assert found["count"] == len(devices)
    await hub.telemetry("pump-3", temperature=20)
    await hub.telemetry("door", open=True)
    for matchers, count in (
        ({"devices": ["*"]}, 4),
        ({"devices": ["pump-*"]}, 3),
        ({"severities": ["critical"]}, 4),
        ({"rules": ["h*"]}, 3),  # the rule watches no door
        ({"rules": ["hot"], "devices": ["door"]}, 0),
        ({"areas": ["Hall 2"]}, 1),
    ):
        assert (await do(hub, "POST", "/api/silences/preview", **matchers))["devices"] == count, matchers
    assert await alerts(hub, silenced=True) == []
    refused = await hub.http.post("/api/silences/preview", json={})
    assert (refused.status_code, "no matcher" in refused.text) == (422, True)


async def test_silence_follows_labels_and_areas(hub: ApiHub) -> None:
    await hub.telemetry("pump-1", temperature=85)
    await silence(hub, now_ms() + HOUR, labels=["maintenance"])
    assert await alerts(hub, silenced=True) == []
    await do(hub, "PATCH", "/api/devices/pump-1", labels=["maintenance"])
    assert len(await alerts(hub, silenced=True)) == 1
    await do(hub, "PATCH", "/api/devices/pump-1", labels=[])
    assert await alerts(hub, silenced=True) == []


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"ends_at": 1}, "ends_at"),
        ({"ends_at": None}, "ends_at"),
        ({"note": " "}, "note"),
        ({"devices": []}, "matcher"),
        ({"ends_at": 2**52}, "ends_at"),
        ({"weekly": {"days": [0], "start": 0, "end": 60, "zone": "Mars/Base"}}, "time zone"),
        ({"weekly": {"days": [7], "start": 0, "end": 60, "zone": "UTC"}}, "days"),
    ],
)
async def test_wrong_silence_is_refused_by_name(hub: ApiHub, wrong: dict, names: str) -> None:
    good = {"note": "Service", "devices": ["*"], "ends_at": now_ms() + HOUR}
    answer = await hub.http.post("/api/silences", json=good | wrong)
    assert (answer.status_code, names in answer.text) == (422, True), answer.text


async def test_silences_are_for_people_who_see_the_whole_hub(tmp_path: Path) -> None:
    async with running_hub(tmp_path, token=TOKEN) as hub, Browser(hub) as ada, Browser(hub) as vic:
        async with Browser(hub) as root:
            await root.welcome(await link(hub, "administrator"), "Root")
        await ada.welcome(await link(hub, "operator"), "Ada")
        await vic.welcome(await link(hub, "viewer"), "Vic")
        body = {"note": "Service", "devices": ["*"], "ends_at": now_ms() + HOUR}
        assert (await vic.http.post("/api/silences", json=body)).status_code == 403
        assert (await vic.http.get("/api/silences")).status_code == 200
        made = await ada.http.post("/api/silences", json=body)
        assert (made.status_code, made.json()["by"]) == (201, "Ada")
        people = (await hub.http.get("/api/people", headers={"Authorization": f"Bearer {TOKEN}"})).json()["items"]
        account = next(each["id"] for each in people if each["name"] == "Ada")
        limits = {"limits": {"areas": [], "labels": ["x"]}}
        await hub.http.patch(f"/api/people/{account}", json=limits, headers={"Authorization": f"Bearer {TOKEN}"})
        assert (await ada.http.get("/api/silences")).status_code == 403
        assert (await ada.http.delete(f"/api/silences/{made.json()['id']}")).status_code == 403


# -- weekly windows ----------------------------------------------------------------------------------------------------


def at(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)


def weekly(days: tuple[int, ...], start: str, end: str, ends_at: int | None = None) -> AlertSilence:
    begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
    window = WeeklyWindow(days, begins, ends, "Europe/Berlin")
    return AlertSilence("s", "x", "ada", 0, at("2026-01-01"), ends_at, weekly=window)


@pytest.mark.parametrize(
    ("window", "now", "begins", "ends"),
    [
        # 2026-11-30 is a Monday.
        (((0,), "02:00", "04:00"), "2026-11-30T01:00", "2026-11-30T02:00", "2026-11-30T04:00"),
        (((0,), "02:00", "04:00"), "2026-11-30T03:59", "2026-11-30T02:00", "2026-11-30T04:00"),
        (((0,), "02:00", "04:00"), "2026-11-30T04:00", "2026-12-07T02:00", "2026-12-07T04:00"),
        (((0,), "22:00", "06:00"), "2026-12-01T05:00", "2026-11-30T22:00", "2026-12-01T06:00"),
        (((5, 6), "00:00", "00:00"), "2026-11-30T12:00", "2026-12-05T00:00", "2026-12-06T00:00"),
        # A day of 23 hours: 02:30 does not exist; and one of 25: 02:30 exists twice.
        (((6,), "01:00", "04:00"), "2026-03-29T00:00", "2026-03-29T01:00", "2026-03-29T04:00"),
        (((6,), "01:00", "04:00"), "2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T04:00"),
    ],
)
def test_weekly_window_is_in_its_time_zone(window: tuple, now: str, begins: str, ends: str) -> None:
    assert next_interval(weekly(*window), at(now)) == (at(begins), at(ends))


def test_weekly_window_is_an_hour_shorter_or_longer_when_the_clock_changes() -> None:
    for day, hours in (("2026-03-29", 2), ("2026-10-25", 4), ("2026-11-01", 3)):
        begins, ends = next_interval(weekly((6,), "01:00", "04:00"), at(f"{day}T00:30")) or (0, 0)
        assert (ends or 0) - begins == hours * HOUR


def test_weekly_window_ends_with_its_silence() -> None:
    ends_at = at("2026-11-30T03:00")
    silence = weekly((0,), "02:00", "04:00", ends_at)
    assert next_interval(silence, at("2026-11-30T01:00")) == (at("2026-11-30T02:00"), ends_at)
    assert next_interval(silence, ends_at) is None


async def test_maintenance_window_silences_each_week(hub: ApiHub) -> None:
    window = {"days": [0], "start": 120, "end": 300, "zone": "Europe/Berlin"}
    made = await silence(hub, None, devices=["*"], weekly=window)
    await hub.telemetry("pump-1", temperature=85)
    for week in range(2):
        middle = made["next_start"] + week * 7 * 24 * HOUR + 3 * HOUR // 2  # also if the clock changes between them
        await tick(hub, max(middle, now_ms()))
        assert len(await alerts(hub, silenced=True)) == 1
        await tick(hub, middle + 3 * HOUR)
        assert await alerts(hub, silenced=True) == []
    (alert,) = await alerts(hub)
    assert (await history(hub, alert))[-4:] == ["silenced", "unsilenced"] * 2
