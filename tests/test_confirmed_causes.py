"""The cause that a person confirms for an alert: stored, shown, and cited by later diagnoses."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_hub import ApiHub, Socket, diagnosis_of, running_hub
from assistant_tools import build_tools
from hub.diagnosis.evaluation import case_of
from hub.diagnosis.investigation import Investigation
from hub.insight import evidence
from hub.model import ConfirmCause, ConfirmedCause, WriteDiagnosis
from hub.store.base import Delta
from hub.store.migrations import FIRST_FORMAT, MIGRATIONS, migrate
from hub.store.read_only import ReadOnlyStore
from hub.store.sqlite import FILE, SqliteStore
from hub.store.sqlite_connection import SqliteConnection
from store_samples import T0, alert, older

FIX = "Replaced the bearing at the drive end"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as running:
        yield running


async def raised(hub: ApiHub, device: str, model: str | None = "P-7") -> str:
    """Let the device raise an alert, and return the alert's id."""
    hub.publish(f"devices/{device}/info", {"model": model, "units": {"temperature": "°C"}})
    await hub.telemetry(device, temperature=85)
    found = (await hub.http.get(f"/api/alerts?state=open&device_id={device}")).json()["items"]
    return str(found[0]["id"])


async def cleared(hub: ApiHub, device: str, model: str | None = "P-7") -> str:
    name = await raised(hub, device, model)
    await hub.telemetry(device, temperature=20)
    return name


async def confirm(hub: ApiHub, name: str, **body: Any) -> dict[str, Any]:
    answer = await hub.http.put(f"/api/alerts/{name}/cause", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def past_finding(hub: ApiHub, device: str) -> str:
    """Return the finding about earlier alerts in a new diagnosis of the device's open alert."""
    services = hub.services
    investigation = Investigation(registry=services.registry, engine=services.engine, store=services.store)
    case = await investigation.case(
        services.registry.require(device), investigation.most_severe(device), services.now()
    )
    return next(each.finding for each in evidence(case) if each.kind == "past")


@pytest.mark.parametrize("after", ["open", "cleared"])
async def test_cause_is_confirmed_shown_and_removed(hub: ApiHub, after: str) -> None:
    name = await (raised if after == "open" else cleared)(hub, "a")
    found = await confirm(hub, name, cause="bearing_wear", fix=FIX)
    at = found["confirmed"].pop("at")
    assert found["confirmed"] == {"cause": "bearing_wear", "title": "Bearing wear", "fix": FIX, "by": "operator"}
    assert abs(at - hub.services.now()) < 5_000
    assert (await hub.http.get(f"/api/alerts/{name}")).json()["confirmed"]["fix"] == FIX
    own = await confirm(hub, name, title="Somebody closed the valve")
    assert (own["confirmed"]["cause"], own["confirmed"]["title"]) == (None, "Somebody closed the valve")
    removed = await hub.http.delete(f"/api/alerts/{name}/cause")
    assert (removed.status_code, removed.json()["confirmed"]) == (200, None)
    assert removed.json()["state"] == ("raised" if after == "open" else "cleared")


async def test_confirmed_cause_survives_restart_and_end_of_alert(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        name = await raised(hub, "a")
        await confirm(hub, name, title="Loose belt", fix=FIX)
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("a", temperature=20)
        found = (await hub.http.get(f"/api/alerts/{name}")).json()
        assert (found["state"], found["confirmed"]["title"]) == ("cleared", "Loose belt")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"cause": "gremlins"}, "gremlins"),
        ({}, "either cause or title"),
        ({"fix": FIX}, "either cause or title"),
        ({"cause": "bearing_wear", "title": "x"}, "either cause or title"),
        ({"title": " "}, "title"),
        ({"title": "x", "fix": "y" * 1001}, "fix"),
        ({"title": "a\nb"}, "title"),
    ],
)
async def test_invalid_cause_is_refused(hub: ApiHub, body: dict[str, str], said: str) -> None:
    answer = await hub.http.put(f"/api/alerts/{await raised(hub, 'a')}/cause", json=body)
    assert answer.status_code == 422
    assert said in answer.text


async def test_cause_of_unknown_alert_is_not_found(hub: ApiHub) -> None:
    for request in (
        hub.http.put("/api/alerts/none/cause", json={"title": "x"}),
        hub.http.delete("/api/alerts/none/cause"),
        hub.http.get("/api/alerts/none/causes"),
    ):
        assert (await request).status_code == 404


async def test_choices_begin_with_causes_of_the_diagnosis(hub: ApiHub) -> None:
    hub.publish("devices/a/info", {"name": "Feed pump", "units": {"flow": "l/min", "current": "A"}})
    await hub.telemetry("a", flow=3, current=2)
    name = await raised(hub, "a", None)
    await hub.http.patch("/api/devices/a", json={"kinds": ["pump"]})
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", name)))
    items = (await hub.http.get(f"/api/alerts/{name}/causes")).json()["items"]
    diagnosed = [each["cause"] for each in (await hub.http.get(f"/api/alerts/{name}")).json()["diagnosis"]["causes"]]
    assert [each["id"] for each in items[: len(diagnosed)]] == diagnosed
    ids = [each["id"] for each in items]
    assert len(ids) == len(set(ids)) > len(diagnosed)
    assert "cavitation" in ids
    assert "door_left_open" not in ids  # of cold rooms


async def test_confirmed_cause_is_in_activity_and_on_live_page(hub: ApiHub) -> None:
    name = await raised(hub, "a")
    async with hub.socket("/ws") as connection:
        page = Socket(connection)
        await page.wait("devices")
        await confirm(hub, name, cause="bearing_wear", fix=FIX)
        assert (await page.wait("alert_update"))["alert"]["confirmed"]["title"] == "Bearing wear"
    await hub.http.delete(f"/api/alerts/{name}/cause")
    items = (await hub.http.get("/api/activity?kind=confirmed")).json()["items"]
    assert [(each["message_key"], each["text"]) for each in items] == [
        ("alert.cause_removed", "operator removed the cause of a, temperature 85 °C, above 80 °C"),
        (
            "alert.cause_confirmed",
            f"operator confirmed the cause of a, temperature 85 °C, above 80 °C: Bearing wear; fixed by: {FIX}",
        ),
    ]
    assert items[1]["message_params"]["cause"] == "bearing_wear"


async def test_later_diagnosis_cites_confirmed_cause_and_fix(hub: ApiHub) -> None:
    name = await cleared(hub, "a")
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", name)))
    await confirm(hub, name, cause="bearing_wear", fix=FIX)
    for device in ("a", "b"):  # the same device, and another of its model
        await raised(hub, device)
        said = await past_finding(hub, device)
        assert f"confirmed as its cause: Worn bearing; what fixed it last: “{FIX}”" in said
        assert "was named as its cause" not in said


async def test_diagnosis_recommends_what_fixed_the_last_case(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True) as hub:
        await confirm(hub, await cleared(hub, "a"), title="Loose belt", fix=FIX)
        await raised(hub, "b")
        diagnosis = (await hub.http.post("/api/devices/b/diagnose")).json()
        assert diagnosis["actions"][0] == f"Check first what fixed it last time (Loose belt): {FIX}"


async def test_cause_confirmed_on_unlike_device_is_not_cited(hub: ApiHub) -> None:
    await confirm(hub, await cleared(hub, "oven", "O-1"), title="Burner blocked", fix=FIX)
    await raised(hub, "a", "P-7")
    assert "Burner" not in await past_finding(hub, "a")


async def test_cause_counts_on_devices_of_the_same_kind_without_model(hub: ApiHub) -> None:
    for device in ("a", "b"):
        hub.publish(f"devices/{device}/info", {})
        await hub.telemetry(device, temperature=20)
        await hub.http.patch(f"/api/devices/{device}", json={"kinds": ["motor"]})
    await confirm(hub, await cleared(hub, "a", None), title="Fan blocked")
    await raised(hub, "b", None)
    assert "Fan blocked" in await past_finding(hub, "b")
    await hub.http.patch("/api/devices/b", json={"kinds": ["room"]})
    assert "Fan blocked" not in await past_finding(hub, "b")


async def test_assistant_gets_the_confirmed_cause_first(hub: ApiHub) -> None:
    name = await raised(hub, "a")
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", name)))
    await confirm(hub, name, title="Loose belt", fix="Tightened it.")
    services = hub.services
    tools = build_tools(services.registry, services.engine, services.store, services.now)
    (view,) = await tools.queries.explained(tools.queries.open_alerts(None))
    assert (view.confirmed, view.cause) == ("Loose belt", "bearing_wear")
    assert view.why == "The confirmed cause is: Loose belt. What fixed it: Tightened it. The bearing wears."


async def test_alert_that_clears_meanwhile_keeps_its_state(hub: ApiHub) -> None:
    name = await raised(hub, "a")
    read_before = hub.services.engine.open[name]
    await hub.telemetry("a", temperature=20)
    both = await asyncio.gather(confirm(hub, name, title="One"), confirm(hub, name, title="Two"))
    assert [each["state"] for each in both] == ["cleared"] * 2
    with pytest.raises(Exception, match="cleared meanwhile"):
        await hub.services.ingest_queue.submit(
            ConfirmCause(read_before, ConfirmedCause("Late", "operator", 5), "operator", 5)
        )
    assert (await hub.http.get(f"/api/alerts/{name}")).json()["state"] == "cleared"


async def test_deleted_device_takes_its_confirmed_causes_along(hub: ApiHub) -> None:
    name = await cleared(hub, "a")
    await confirm(hub, name, title="Loose belt")
    found = await hub.services.store.alert(name)
    assert found is not None
    await hub.http.delete("/api/devices/a")
    assert (await hub.http.get(f"/api/alerts/{name}")).status_code == 404
    with pytest.raises(Exception, match="no device"):
        await hub.services.ingest_queue.submit(ConfirmCause(found, found.confirmed, "operator", 5))


async def test_alert_of_older_format_can_be_confirmed_and_is_then_kept(tmp_path: Path) -> None:
    old = alert("old", state="cleared", cleared_at=T0)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, factory=SqliteConnection)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, MIGRATIONS[:2])
        assert connection.execute("PRAGMA user_version").fetchone() == (FIRST_FORMAT + 1,)
        for each in (old, alert("other", state="cleared", cleared_at=T0)):
            columns = (each.id, each.rule, each.device, each.metric, each.state, each.raised_at, each.cleared_at)
            body = msgspec.msgpack.encode(each)
            connection.execute("INSERT INTO alert VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*columns, body))
    store = SqliteStore.open(tmp_path)
    try:
        confirmed = msgspec.structs.replace(old, confirmed=ConfirmedCause("Loose belt", "Ada", T0))
        await store.commit(1, Delta(cursor=1, alerts=[confirmed]))
        assert await store.confirmed_alerts(["pump-1"], "temperature") == [confirmed]
        while await store.expire(older(T0 + 20_000)):
            pass
        assert [each.id for each in await store.alerts()] == ["old"]
        await store.commit(1, Delta(cursor=2, alerts=[old]))
        while await store.expire(older(T0 + 20_000)):
            pass
        assert await store.alerts() == []
    finally:
        await store.close()


async def raised_again(hub: ApiHub) -> tuple[str, str]:
    """Return two alerts of one incident, of which only the first one was diagnosed before it cleared."""
    first = await raised(hub, "a")
    await hub.services.ingest_queue.submit(WriteDiagnosis(diagnosis_of("a", first)))
    await asyncio.sleep(0.01)  # the second alert is raised in a later millisecond
    await hub.telemetry("a", temperature=20)
    return first, await raised(hub, "a")


async def test_cause_confirmed_for_an_alert_that_was_raised_again_makes_a_case(hub: ApiHub, tmp_path: Path) -> None:
    first, again = await raised_again(hub)
    await confirm(hub, again, cause="bearing_wear", fix=FIX)
    with closing(ReadOnlyStore.open(tmp_path)) as store:
        ((found, diagnosis),) = store.confirmed_cases(10)
    assert (found.id, diagnosis.alert) == (first, first)
    assert found.confirmed is not None
    assert found.confirmed.cause == "bearing_wear"
    case = case_of(found, diagnosis, hub.services.registry.require("a"))
    assert case is not None
    assert case.cause == "bearing_wear"
    await confirm(hub, first, cause="cavitation")
    with closing(ReadOnlyStore.open(tmp_path)) as store:  # one diagnosis counts once, with its own alert's cause
        ((found, _),) = store.confirmed_cases(10)
    assert found.confirmed is not None
    assert found.confirmed.cause == "cavitation"


async def test_alert_says_that_its_diagnosis_is_of_an_earlier_one_and_gets_its_own(hub: ApiHub) -> None:
    first, again = await raised_again(hub)
    found = (await hub.http.get(f"/api/alerts/{again}")).json()
    assert (found["diagnosis"]["alert_id"], found["diagnosis_for"]) == (first, "earlier_alert")
    assert found["diagnosis"]["created_at"] < found["raised_at"]
    assert (await hub.http.get(f"/api/alerts/{first}")).json()["diagnosis_for"] == "this_alert"
    services = hub.services
    tools = build_tools(services.registry, services.engine, services.store, services.now)
    (view,) = await tools.queries.explained(tools.queries.open_alerts(None))
    assert "of an earlier alert of this incident: The bearing wears." in (view.why or "")
    made = await hub.http.post(f"/api/alerts/{again}/diagnose")
    assert (made.status_code, made.json()["alert_id"]) == (200, again)
    found = (await hub.http.get(f"/api/alerts/{again}")).json()
    assert (found["diagnosis"]["alert_id"], found["diagnosis_for"]) == (again, "this_alert")


async def test_only_an_open_alert_can_be_diagnosed(tmp_path: Path) -> None:
    async with running_hub(tmp_path, real_ai=True) as hub:
        name = await raised(hub, "a")
        made = await hub.http.post(f"/api/alerts/{name}/diagnose")
        assert (made.status_code, made.json()["alert_id"]) == (200, name)
        await hub.telemetry("a", temperature=20)
        refused = await hub.http.post(f"/api/alerts/{name}/diagnose")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
        assert (await hub.http.get("/api/alerts/none")).status_code == 404
        assert (await hub.http.post("/api/alerts/none/diagnose")).status_code == 404
