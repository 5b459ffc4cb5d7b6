"""Reports: when they are due, what they say, and who gets which devices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio

from api_hub import ApiHub, running_hub
from http_receiver import HttpReceiver, http_receiver
from hub.notifications.report_schedule import ReportSchedule
from receiver import until
from signed_in import BEARER, TOKEN, Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALWAYS = list(range(7))


def stamp(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-30T08:00:00+01:00", "2026-11-30T08:00:00+01:00"),  # a Monday
        ("2026-11-30T07:59:59+01:00", "2026-11-23T08:00:00+01:00"),
        ("2026-12-06T23:00:00+01:00", "2026-11-30T08:00:00+01:00"),
        ("2026-10-26T08:30:00+01:00", "2026-10-26T08:00:00+01:00"),  # the day after the clock was set back
        ("2026-10-26T07:30:00+01:00", "2026-10-19T08:00:00+02:00"),
    ],
)
async def test_report_is_due_on_the_clock_of_its_zone(now: str, due: str) -> None:
    schedule = ReportSchedule("Weekly", "weekly_digest", (0,), 8 * 60, "Europe/Berlin")
    assert schedule.last_due(stamp(now)) == stamp(due)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[ApiHub, HttpReceiver]]:
    folder = tmp_path_factory.mktemp("reports")
    async with http_receiver() as receiver, running_hub(folder, token=TOKEN, real_ai=True) as hub:
        for name, kind, values, shared in (
            ("hook", "webhook", {"url": f"{receiver.url}/hook"}, True),
            ("ntfy", "ntfy", {"server": receiver.url}, False),
        ):
            body = {"kind": kind, "name": name, "values": values, "shared": shared}
            answer = await hub.http.put(f"/api/notifications/channels/{name}", json=body, headers=BEARER)
            assert answer.status_code == 200, answer.text
        await hub.http.put("/api/notifications/routes", json={"routes": []}, headers=BEARER)
        yield hub, receiver


def report(name: str, **more: Any) -> dict[str, Any]:
    """Return a report that was due in the last minutes."""
    now = datetime.now(UTC)
    at = max(now.hour * 60 + now.minute - 1, 0)
    return {"name": name, "kind": "shift_summary", "days": ALWAYS, "at": at, "channels": ["hook"], **more}


async def save(hub: ApiHub, *reports: dict[str, Any], status: int = 200) -> Any:
    answer = await hub.http.put("/api/notifications/reports", json={"reports": list(reports)}, headers=BEARER)
    assert answer.status_code == status, answer.text
    return answer.json()


def titles(receiver: HttpReceiver) -> list[str]:
    return [each.json["title"] for each in receiver.posted]


async def test_empty_report_is_sent_only_on_request_and_once(site: tuple[ApiHub, HttpReceiver]) -> None:
    hub, receiver = site
    await save(hub, report("Quiet"), report("Asked", send_empty=True, kind="weekly_digest"))
    await until(lambda: receiver.posted, 30)
    await save(hub, report("Later", send_empty=True))
    await until(lambda: len(receiver.posted) == 2, 30)
    assert [each.partition(",")[0] for each in titles(receiver)] == ["Weekly digest of alerts", "Shift summary"]
    assert {each.json["status"] for each in receiver.posted} == {"report"}


async def test_person_gets_a_summary_of_the_devices_that_they_may_see(site: tuple[ApiHub, HttpReceiver]) -> None:
    hub, receiver = site
    receiver.posted.clear()
    area = (await hub.http.post("/api/areas", json={"name": "North"}, headers=BEARER)).json()["id"]
    for device in ("north-1", "south-1"):
        await hub.telemetry(device, temperature=20)
    await hub.http.patch("/api/devices/north-1", json={"area": area}, headers=BEARER)
    for device in ("north-1", "south-1"):
        await hub.telemetry(device, temperature=95)
    async with Browser(hub) as ada, Browser(hub) as vera:
        limits = {"areas": [area], "labels": []}
        for browser, body in ((ada, {"role": "administrator"}), (vera, {"role": "viewer", "limits": limits})):
            made = (await hub.http.post("/api/people/invitations", json=body, headers=BEARER)).json()
            assert (await browser.welcome(made["url"].partition("#")[2], body["role"])).status_code == 200
        own = {"addresses": [{"channel": "ntfy", "address": "vera"}]}
        assert (await vera.http.put("/api/account/notifications", json=own)).status_code == 200
        await save(hub, report("Shift", roles=["viewer"]))
        await until(lambda: len(receiver.posted) == 2, 30)
    whole = next(each.json["text"] for each in receiver.posted if each.path == "/hook")
    limited = next(each.json["message"] for each in receiver.posted if each.path != "/hook")
    assert "2 alerts raised, 0 of them over. 2 alerts open now." in whole
    assert "south-1" in whole
    assert "1 alert raised" in limited
    assert "Critical: north-1: " in limited
    assert "south-1" not in limited


async def test_report_to_a_person_is_in_their_language(site: tuple[ApiHub, HttpReceiver]) -> None:
    hub, receiver = site
    await hub.telemetry("oven-1", temperature=20)
    await hub.telemetry("oven-1", temperature=1_095)
    async with Browser(hub) as dora:
        made = (await hub.http.post("/api/people/invitations", json={"role": "operator"}, headers=BEARER)).json()
        assert (await dora.welcome(made["url"].partition("#")[2], "dora")).status_code == 200
        assert (await dora.http.patch("/api/account", json={"language": "de"})).status_code == 200
        own = {"addresses": [{"channel": "ntfy", "address": "dora"}]}
        assert (await dora.http.put("/api/account/notifications", json=own)).status_code == 200
        receiver.posted.clear()
        shift = report("Shift in German", roles=["operator"], channels=[])
        await save(hub, shift, report("Week in German", roles=["operator"], channels=[], kind="weekly_digest"))
        await until(lambda: len(receiver.posted) == 2, 30)
    shift, week = sorted((each.json for each in receiver.posted), key=lambda each: str(each["title"]))
    assert shift["title"].startswith("Schichtbericht, ")
    assert " Alarme ausgelöst, davon beendet: 0. Zurzeit offen: " in shift["message"]
    assert "- Kritisch: oven-1: " in shift["message"]
    assert "oven-1: Temperature 1.095, über " in shift["message"]
    assert week["title"].startswith("Wöchentliche Übersicht der Alarme, ")
    assert " Alarme in den letzten sieben Tagen, 0 in den sieben Tagen davor." in week["message"]
    assert "Die meisten Alarme:\n- " in week["message"]


@pytest.mark.parametrize(
    ("language", "title"), [("en", "Shift"), ("de", "Schichtbericht"), ("es", "Resumen del turno")]
)
async def test_previews_are_in_the_language_of_the_person(
    site: tuple[ApiHub, HttpReceiver], language: str, title: str
) -> None:
    hub, _ = site
    async with Browser(hub) as browser:
        made = await hub.http.post("/api/people/invitations", json={"role": "administrator"}, headers=BEARER)
        assert (await browser.welcome(made.json()["url"].partition("#")[2], f"a-{language}")).status_code == 200
        await browser.http.patch("/api/account", json={"language": language})
        found = await browser.http.post("/api/notifications/reports/preview", json={"kind": "shift_summary"})
        assert found.json()["title"].startswith(title)
        shown = (await browser.http.post("/api/notifications/preview", json={"title": "", "text": ""})).json()
        assert {"en": "Critical", "de": "Kritisch", "es": "Crítica"}[language] in shown["title"]


async def test_report_is_previewed_and_checked(site: tuple[ApiHub, HttpReceiver]) -> None:
    hub, _ = site
    for kind in ("shift_summary", "weekly_digest"):
        body = {"kind": kind, "zone": "Asia/Kathmandu"}
        answer = await hub.http.post("/api/notifications/reports/preview", json=body, headers=BEARER)
        assert answer.status_code == 200, answer.text
        assert not answer.json()["empty"]
    for wrong in ({"zone": "Nowhere"}, {"channels": ["none"]}, {"days": []}, {"at": 1_440}):
        await save(hub, report("Wrong", **wrong), status=422)
    await save(hub, report("Same"), report("Same"), status=422)
