"""Stored rows that cannot be decoded: at start they are moved aside and logged, and all others are used."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_hub import ApiHub, running_hub
from hub.commandline.main import main
from hub.runtime.installation import open_installation
from hub.store.sqlite import FILE

DAMAGED = b"\xc1 never used in msgpack"
RULES = '[[rule]]\nid = "hot"\nmetric = "temperature"\nabove = 80\n'


async def fill(hub: ApiHub) -> None:
    """Create two devices with an alert and a command each, and two Home Assistant devices."""
    for name in ("a", "b"):
        hub.publish(f"devices/{name}/info", {"commands": {"go": {"type": "number"}}})
        for number in range(3):
            hub.publish(f"devices/{name}/telemetry", {"temperature": 90 + number, "seq": number})
        await hub.settled()
        sent = await hub.http.post(f"/api/devices/{name}/commands", json={"name": "go", "value": 1})
        assert sent.status_code == 202
    for thing in ("c", "d"):
        config = {"state_topic": f"home/{thing}/state", "name": thing, "device": {"identifiers": [thing]}}
        hub.publish(f"homeassistant/sensor/{thing}/config", config)
    await hub.settled()


async def read_everything(hub: ApiHub) -> dict[str, Any]:
    devices = (await hub.http.get("/api/devices")).json()["items"]
    for device in devices:
        for path in ("", "/commands", "/rules"):
            answer = await hub.http.get(f"/api/devices/{device['id']}{path}")
            assert answer.status_code == 200, answer.text
        history = await hub.http.get(f"/api/devices/{device['id']}/history", params={"metric": "temperature"})
        assert history.status_code == 200, history.text
    for path in ("/api/alerts", "/api/activity", "/api/rejected", "/readyz"):
        assert (await hub.http.get(path)).status_code == 200, path
    return {device["id"]: device for device in devices}


def nested(levels: int) -> bytes:
    """Return a device state nested deeper than the decoder allows."""
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    state = {"id": "a", "native_id": "a", "dialect": "native", "first_seen": 1, "reported": {"k": deep}}
    return msgspec.msgpack.encode(state)


DAMAGE = {
    "device": ("UPDATE device SET state = ? WHERE id = 'a'", DAMAGED),
    "device too deep": ("UPDATE device SET state = ? WHERE id = 'a'", nested(500)),
    "alert": ("UPDATE alert SET body = ? WHERE device = 'a'", DAMAGED),
    "command": ("UPDATE command SET body = ? WHERE device = 'a'", DAMAGED),
    "learnt": ("UPDATE learnt SET value = ? WHERE key LIKE '%c%'", DAMAGED),
    "key_log": ("UPDATE key_log SET keys = ? WHERE id = (SELECT min(id) FROM key_log)", b"123"),
    "device_keys": ("INSERT INTO device_keys (device, keys) VALUES ('a', ?)", b"123"),
    "batch": ("UPDATE batch SET body = ? WHERE id = (SELECT min(id) FROM batch)", DAMAGED),
    "batch cut short": ("UPDATE batch SET body = substr(body, 1, 10) WHERE ? <> ''", b"x"),
}


@pytest.mark.parametrize("what", DAMAGE)
async def test_hub_starts_without_unreadable_rows(what: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
        before = await read_everything(hub)
    statement, value = DAMAGE[what]
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute(statement, (value,)).rowcount > 0
    with caplog.at_level(logging.ERROR):
        async with running_hub(tmp_path, rules=RULES) as hub:
            after = await read_everything(hub)
            assert after.keys() == before.keys() - ({"a"} if what.startswith("device ") or what == "device" else set())
            status = (await hub.http.get("/api/status")).json()
            assert status["store"]["unreadable"] >= 1
            await hub.telemetry("a", temperature=20)  # a device that was moved aside returns with its next message
            await read_everything(hub)
            detail = (await hub.http.get("/api/devices/a")).json()
            assert detail["metrics"]["temperature"]["value"] == 20
    [message] = [record.getMessage() for record in caplog.records if "were moved to the table" in record.getMessage()]
    assert what.split()[0] in message
    with sqlite3.connect(tmp_path / FILE) as connection:
        kept = connection.execute("SELECT kind, body FROM unreadable").fetchall()
    assert {kind for kind, _ in kept} == {what.split()[0]}
    if value != b"x":
        assert value in [body for _, body in kept]
    if what not in ("device", "batch"):
        return
    caplog.clear()
    with caplog.at_level(logging.ERROR):
        async with running_hub(tmp_path, rules=RULES) as hub:
            await read_everything(hub)
    assert not caplog.records, "it is logged once"


async def test_lists_skip_rows_that_became_unreadable_later(tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute("UPDATE alert SET body = ? WHERE device = 'a'", (DAMAGED,))
            connection.execute("UPDATE command SET body = ? WHERE device = 'a'", (DAMAGED,))
        await read_everything(hub)
        assert [alert["device_id"] for alert in (await hub.http.get("/api/alerts")).json()["items"]] == ["b"]


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def level() -> Iterator[None]:
    before = logging.getLogger().level
    yield
    logging.getLogger().setLevel(before)


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize("what", DAMAGE)
async def test_commands_skip_unreadable_rows(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    data, table = tmp_path / "data", tmp_path / "out.csv"
    data.mkdir()
    open_installation(data)
    async with running_hub(data, rules=RULES) as hub:
        await fill(hub)
    statement, value = DAMAGE[what]
    with sqlite3.connect(data / FILE) as connection:
        assert connection.execute(statement, (value,)).rowcount > 0

    async def run(*words: object) -> None:
        status = await asyncio.to_thread(main, [*map(str, words), "--data", str(data)])
        assert status == 0, (words, capsys.readouterr().err)

    await run("export", table)
    rows = table.read_text().splitlines()
    readable = len(rows) == 1 + 6
    assert readable or what.startswith("batch")
    assert any(",b,temperature,9" in row for row in rows) or what == "batch cut short"
    reported = "cannot be read" in caplog.text
    assert reported == (what.startswith(("device", "batch")) and what != "device_keys")
    await run("backup", tmp_path / "backup.tar")
    await run("import", table)
    if what.startswith("device") and what != "device_keys":
        with sqlite3.connect(data / FILE) as connection:
            kept = connection.execute("SELECT kind, key, body FROM unreadable").fetchall()
        assert kept == [("device", "a", value)], "an import must not write over the row"
    data = tmp_path / "restored"
    await run("restore", tmp_path / "backup.tar")
    await run("import", table)
