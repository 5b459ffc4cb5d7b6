"""Damaged database values: only the damaged rows are lost, at start and while they are read."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import msgspec
import pytest

from api_hub import ApiHub, now_ms, running_hub
from hub.store.base import Retention
from hub.store.sqlite import FILE, SqliteStore
from test_unreadable_rows import DAMAGED, RULES, fill, read_everything

DAMAGES = {
    "no progress": "DELETE FROM progress",
    "cursor is a text": "UPDATE progress SET cursor = 'x'",
    "cursor at the 64-bit limit": "UPDATE progress SET cursor = 9223372036854775807",
    "old cursor": "UPDATE progress SET cursor = 1",
    "epoch at the 64-bit limit": "UPDATE progress SET epoch = 9223372036854775807",
    "state is a number": "UPDATE device SET state = 7 WHERE id = 'a'",
    "state is a text": "UPDATE device SET state = 'garbage' WHERE id = 'a'",
    "series without metric name": "UPDATE series SET metric = x'00' WHERE device = 'a'",
    "series id over 32 bits": "UPDATE series SET id = 9223372036854775807 WHERE device = 'a'",
    "batch id at the 64-bit limit": "UPDATE batch SET id = 9223372036854775807 WHERE id = 3",
    "alert with invalid time": "UPDATE alert SET raised_at = 'yesterday' WHERE device = 'a'",
    "rejection id at its limit": "INSERT OR REPLACE INTO sqlite_sequence VALUES ('rejection', 9223372036854775807)",
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_hub_stores_readings_after_damage(damage: str, tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert connection.execute(DAMAGES[damage]).rowcount > 0
    async with running_hub(tmp_path, rules=RULES) as hub:
        await read_everything(hub)
        hub.publish("devices/b/telemetry", b"{")
        for name in ("a", "b", "new"):
            await hub.telemetry(name, temperature=20)
            detail = (await hub.http.get(f"/api/devices/{name}")).json()
            assert detail["metrics"]["temperature"]["value"] == 20
        await read_everything(hub)
        assert (await hub.http.get("/api/rejected")).json()["items"][0]["topic"] == "devices/b/telemetry"


HISTORY = {
    "body": DAMAGED,
    "body, cut": b"",
    "body, too long": msgspec.msgpack.encode([1 << 40, 0, b"", 0, None, 7, b""]),
    "summary": b"short",
    "first": "x",
    "count": -1,
}


@pytest.mark.parametrize("damage", HISTORY)
async def test_damaged_chunk_loses_only_its_own_readings(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
        await compact(hub)
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute(
                f"UPDATE chunk SET {damage.split(',')[0]} = ? WHERE series = "
                "(SELECT id FROM series WHERE device = 'a' AND metric = 'temperature')",
                (HISTORY[damage],),
            )
        with caplog.at_level(logging.ERROR):
            await hub.telemetry("a", temperature=20)
            assert await values(hub, "a") == [20]
            assert await values(hub, "b") == [90, 91, 92]
            await hub.telemetry("b", temperature=21)
            await compact(hub)
            assert await values(hub, "a") == [20]
            assert await values(hub, "b") == [90, 91, 92, 21]
            with sqlite3.connect(tmp_path / FILE) as connection:
                left = connection.execute("SELECT count(*) FROM batch").fetchone()[0]
            assert left <= 1, "compaction must finish despite the damaged chunk"
        assert (await hub.http.get("/api/status")).json()["store"]["unreadable"] == 1
        assert sum("'chunk'" in record.getMessage() for record in caplog.records) == 1


async def test_damaged_chunk_does_not_stop_retention(tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
        await compact(hub)
        with sqlite3.connect(tmp_path / FILE) as connection:
            connection.execute("UPDATE chunk SET body = ? WHERE id = (SELECT min(id) FROM chunk)", (DAMAGED,))
        later = now_ms() + 60_000
        while await hub.services.store.expire([Retention(later, later - 1, later - 2)]):
            pass
        with sqlite3.connect(tmp_path / FILE) as connection:
            assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (0,)
            assert connection.execute("SELECT count(*) FROM unreadable").fetchone() == (1,)


async def test_readings_of_lost_series_do_not_appear_under_new_series(tmp_path: Path) -> None:
    async with running_hub(tmp_path, rules=RULES) as hub:
        await fill(hub)
        await compact(hub)
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("DELETE FROM series")
    async with running_hub(tmp_path, rules=RULES) as hub:
        await hub.telemetry("other", temperature=1)
        assert await values(hub, "other") == [1]


async def compact(hub: ApiHub) -> None:
    """Compact all committed readings into chunks."""
    store = hub.services.store
    assert isinstance(store, SqliteStore)
    store.requested_checkpoint = store._writer.memtable.newest
    hub.publish("devices/c/telemetry", {"humidity": 1})
    await hub.settled()
    await store.tidy()


async def values(hub: ApiHub, device: str) -> list[float]:
    query = {"metric": "temperature", "from": 0, "to": now_ms() + 1000}
    answer = await hub.http.get(f"/api/devices/{device}/history", params=query)
    assert answer.status_code == 200, answer.text
    return [point[1] for point in answer.json()["points"]]
