"""Every message that the hub writes for people has a key and parameters, by which it can be written in any language."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from api_hub import running_hub
from hub import events as ev
from hub.ingest.activity import ACTIVITY_KEYS, narrate
from hub.model import Activity, Alert, AlertSilence, Assignee, Command, ConfirmedCause, Diagnosis, Rejection, Writer
from hub.store.base import Delta
from hub.store.migrations import FIRST_FORMAT, MIGRATIONS, migrate
from hub.store.sqlite import FILE, SqliteStore
from hub.store.sqlite_connection import SqliteConnection
from message_keys import FILE as VECTORS
from message_keys import message_keys

ALERT = Alert(
    *("a1", "hot", "pump", "t", "critical", "raised", "t 85 °C, above 80 °C", 85.0, 80.0, "°C", 1_000, 2_000),
    message_key="threshold",
    message_params={"value": 85.0},
)
SILENCE = AlertSilence("s1", "Service", "operator", 1, 1, 9)
COMMAND = Command(
    id="c1", device="pump", name="run", value=True, by="operator", state="pending", created_at=5, expires_at=9
)
SETTLED = [
    replace(COMMAND, state=state, settled_at=8)
    for state in ("acknowledged", "confirmed", "failed", "expired", "unverified")
]
WRITER = Writer("builtin", "builtin", generative=False)
DIAGNOSIS = Diagnosis("d1", "a1", "pump", "It is hot.", None, None, 0.0, *((),) * 6, WRITER, 0, 5)
EVENTS: list[ev.Event] = [
    ev.DeviceDiscovered("pump", 5),
    ev.DeviceDeleted("pump", 5),
    ev.PresenceChanged("pump", "online", 5, first=True),
    *(ev.PresenceChanged("pump", presence, 5) for presence in ("online", "stale", "offline")),
    ev.AlertRaised(ALERT, 5),
    ev.AlertChanged(ALERT, 5),
    ev.AlertAcknowledged(replace(ALERT, state="acknowledged", acknowledged_by="operator"), 5),
    ev.AlertChanged(ALERT, 5, "info"),
    ev.AlertAcknowledged(ALERT, 5, "operator"),
    ev.CauseConfirmed(replace(ALERT, confirmed=ConfirmedCause("Bearing wear", "operator", 5)), 5, "operator"),
    ev.CauseConfirmed(ALERT, 5, "operator"),
    ev.AlertCleared(replace(ALERT, state="cleared", ended_at=61_000), 5),
    ev.AlertCleared(replace(ALERT, state="cleared", ended_at=61_000, late=True), 5),
    ev.AlertCleared(replace(ALERT, state="cleared", withdrawn=True), 5),
    ev.AlertCleared(replace(ALERT, state="cleared", closed_by="operator"), 5),
    ev.AlertHandled(replace(ALERT, assignee=Assignee("u-1", "Ada")), 5, "assigned", "operator"),
    *(ev.AlertHandled(ALERT, 5, what, "operator", "x") for what in ("unassigned", "muted", "unmuted", "commented")),
    *(ev.AlertHandled(ALERT, 5, what) for what in ("mute_expired", "acknowledgement_expired")),
    *(ev.AlertHandled(ALERT, 5, what) for what in ("suppressed", "flapping_ended")),
    *(ev.AlertHandled(ALERT, 5, what, None, "Service") for what in ("silenced", "unsilenced")),
    *(ev.SilenceChanged(SILENCE, 5, step) for step in ("created", "edited", "started", "stopped", "ended")),
    ev.SettingChanged("operator renamed a to b", 5, "pump", {"by": "operator", "changes": []}),
    ev.DiagnosisReady(DIAGNOSIS, 5),
    *(ev.CommandChanged(command, 5) for command in (COMMAND, *SETTLED)),
    ev.MessageRejected(Rejection("x", "not_json", "It is not JSON.", "{", 5), 5),
    ev.GapSuspected(1, 5),
    ev.GapSuspected(1, 5, 12),
    ev.BrokerLinkChanged(False, "127.0.0.1:1883", "connection refused", 5),
    ev.BrokerLinkChanged(True, "127.0.0.1:1883", None, 5),
]


def entry(event: ev.Event) -> Activity:
    found = narrate(event, lambda device: None)
    assert found is not None
    return found


def test_vectors_list_every_key() -> None:
    assert json.loads(VECTORS.read_text("utf-8")) == message_keys(), "run: make generated"


def test_every_activity_entry_has_a_key() -> None:
    assert {entry(event).message_key for event in EVENTS} == ACTIVITY_KEYS


@pytest.mark.parametrize(
    ("event", "key", "params"),
    [
        (EVENTS[2], "presence.new", {"name": "pump"}),
        (
            ev.AlertCleared(replace(ALERT, state="cleared", ended_at=61_500), 5),
            "alert.cleared",
            {"name": "pump", "message_key": "threshold", "message_params": {"value": 85.0}, "lasted_ms": 60_000},
        ),
        (
            ev.CommandChanged(replace(COMMAND, value={"a": "x" * 99}), 5),
            "command.sent",
            {"name": "pump", "command": "run", "value": "{'a': '" + "x" * 73, "by": "operator"},
        ),
        (ev.GapSuspected(1, 5, 12), "gap.dropped", {"dropped": 12}),
    ],
)
def test_parameters_hold_what_the_text_says(event: ev.Event, key: str, params: dict[str, Any]) -> None:
    found = entry(event)
    assert (found.message_key, found.message_params) == (key, params)


async def test_entry_of_first_format_has_no_key_after_upgrade(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None, factory=SqliteConnection)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        migrate(connection, MIGRATIONS[:1])
        assert connection.execute("PRAGMA user_version").fetchone() == (FIRST_FORMAT,)
        connection.execute("INSERT INTO activity (ts, kind, text, severity) VALUES (5, 'gap', 'Lost.', 'warning')")
    store = SqliteStore.open(tmp_path)
    try:
        new = entry(EVENTS[0])
        await store.commit(1, Delta(cursor=1, activity=[new]))
        found = [line for _, line in await store.activity()]
        assert found == [new, Activity(5, "gap", None, "Lost.", "warning")]
    finally:
        await store.close()


async def test_damaged_parameters_cost_only_themselves(tmp_path: Path) -> None:
    await SqliteStore.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        for broken in (b"\xc1", b"\x91\x01", b"\xa1\xff"):
            connection.execute(
                "INSERT INTO activity (ts, kind, text, severity, message_key, message_params) VALUES (5, 'gap', 'x', "
                "'warning', 'gap.session', ?)",
                (broken,),
            )
    store = SqliteStore.open(tmp_path)
    try:
        assert [line.message_params for _, line in await store.activity()] == [{}] * 3
    finally:
        await store.close()


async def test_api_gives_keys_of_activity_and_rules(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("pump", temperature=20)
        await hub.http.patch("/api/devices/pump", json={"name": "Pump 1", "area": "Hall"})
        await hub.settled()
        newest = (await hub.http.get("/api/activity")).json()["items"][0]
        assert newest["text"] == "operator renamed pump to Pump 1; set the area of Pump 1 to Hall"
        assert newest["message_key"] == "settings"
        assert newest["message_params"] == {
            "by": "operator",
            "changes": [
                {"key": "device.name", "before": "pump", "name": "Pump 1"},
                {"key": "device.area", "name": "Pump 1", "area": "Hall"},
            ],
        }
        rule = (await hub.http.get("/api/rules")).json()["items"][0]
        assert rule["message_key"] == "threshold"
        assert rule["message_params"] == {
            "metric": "temperature",
            "quantity": None,
            "for_ms": 0,
            "clear_for_ms": 0,
            "condition": {"above": 80.0, "below": None, "clear": 78.0, "steps": [], "device_limits": False},
            "schedule": [],
            "time_zone": None,
        }
