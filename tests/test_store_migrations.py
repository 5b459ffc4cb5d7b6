"""Databases of each earlier format: every reading is there after the upgrade, also when it was interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hub.model import SeriesQuery
from hub.store.chunks.codec import decode
from hub.store.chunks.compaction import ROW, rows
from hub.store.chunks.rollups import HOUR, MINUTE
from hub.store.migrations import data_migrations, schema
from hub.store.migrations.data_migrations import STEPS
from hub.store.points import Points, coded
from hub.store.sqlite import FILE, SqliteStore
from store_words import T0, all_of, by_hand, delta, older, record

ROOT = Path(__file__).parent.parent
OLD_POINTS = 256
"""In a full chunk of format 5."""
FIRST_ROLLED = schema.MIGRATIONS.index(schema.ROLLED) + 1
"""The first format that had closed chunks in the rollups."""
VALUES: tuple[Any, ...] = (71.5, 1 / 3, -1.7e308, True, False, "auto\0 “x”", "")


def readings(series: int) -> list[tuple[int, Any, str | None]]:
    """``(ts, value, quality)`` of one old series: several at a time, some of other quality."""
    return [
        (T0 + i // 2, VALUES[(i + series) % 7] if i % 5 else i / 10, (None, "late")[i % 3 == 0]) for i in range(700)
    ]


def old_database(directory: Path, version: int) -> None:
    """As a hub of that format left it: three series, and one of a deleted device that expiry had not swept yet."""
    directory.mkdir()
    with closing(sqlite3.connect(directory / FILE, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:version])
        connection.execute("BEGIN")
        connection.execute("UPDATE progress SET cursor = 2800")
        connection.execute("INSERT INTO device VALUES ('a', x'01')")
        connection.execute("INSERT INTO dropped_series (id) VALUES (4)")
        for series, metric in ((1, "t"), (2, "u"), (3, "v"), (4, None)):
            if metric:
                connection.execute("INSERT INTO series (id, device, metric) VALUES (?, 'a', ?)", (series, metric))
            if version < 5:
                rows = [(series, ts, 700 * series + i, value, q) for i, (ts, value, q) in enumerate(readings(series))]
                connection.executemany("INSERT INTO reading VALUES (?, ?, ?, ?, ?)", rows)
            else:
                put_in_chunks(connection, series, version)
        if version >= 5:
            connection.execute("DROP TABLE IF EXISTS reading")
        connection.execute("COMMIT")


def put_in_chunks(connection: sqlite3.Connection, series: int, version: int) -> None:
    """As format 5 had them: two that are full and closed, and an open one. Since format 8 what is closed is in the
    rollups as well; here all are open then, and say of what quality their points are."""
    given = readings(series)
    value, kind, texts = coded([v for _, v, _ in given])
    points = Points(
        np.full(len(given), series),
        np.array([ts for ts, _, _ in given], np.int64),
        value,
        kind if kind is not None else np.zeros(len(given), np.uint8),
        np.array([3 if quality else 0 for _, _, quality in given], np.uint8),
        texts,
    )
    starts = np.arange(0, len(given), OLD_POINTS)
    columns = [name for name in ROW if name != "marks" or version >= 8]
    full = np.diff(np.append(starts, len(given))) == OLD_POINTS
    for row in rows(points, starts, full & (version < 8)):
        values = dict(zip(ROW, row, strict=True))
        old = [values[name] for name in columns]
        connection.execute(f"INSERT INTO chunk ({', '.join(columns)}) VALUES ({', '.join('?' * len(old))})", old)


async def check(directory: Path, *, rolled: bool = True) -> None:
    """``rolled`` where there must be full chunks: readings that moved in small parts may not have filled one yet."""
    store = SqliteStore.open(directory)
    assert store.set_aside is None
    snapshot = await store.load()
    assert (snapshot.cursor, snapshot.states) == (2800, {"a": b"\x01"})
    for series, metric in ((1, "t"), (2, "u"), (3, "v")):
        [found] = await store.history([all_of("a", metric)])
        assert [(*p, type(p[1])) for p in found.points] == [(ts, v, type(v)) for ts, v, _ in readings(series)]
        await check_rollups(store, metric, readings(series), rolled)
    await store.commit(1, delta(2800, record("a", 5, t=9.0), record("b", 5, t=8.0)))
    [found, other] = await store.history([all_of("a", "t"), all_of("b", "t")])
    assert len(found.points) == 701
    assert other.points == [(T0 + 5, 8.0)]  # and nothing of the deleted series, whose number is free by now
    while await store.expire(older(T0 - 1)):
        pass
    await store.close()
    with closing(sqlite3.connect(directory / FILE)) as peek:
        assert peek.execute("SELECT count(*) FROM dropped_series").fetchone() == (0,)
        assert peek.execute("SELECT name FROM sqlite_schema WHERE name = 'reading'").fetchone() is None
        assert peek.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS),)
        assert peek.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def check_rollups(
    store: SqliteStore, metric: str, given: list[tuple[int, Any, str | None]], rolled: bool
) -> None:
    """Wide buckets, which the rollups serve, are what they would be by hand, and tell of what is late."""
    asked = SeriesQuery("a", metric, T0 - T0 % HOUR - 4 * HOUR, T0 - T0 % HOUR + 8 * HOUR, 12)
    [found] = await store.history([asked])
    if rolled:
        assert found.step == MINUTE
    expected = by_hand([(ts, value) for ts, value, _ in given], asked.start, asked.end, 12)
    assert [(p[0], p[1], *p[3:]) for p in found.points] == [(p[0], p[1], *p[3:]) for p in expected]
    assert [quality for _, _, quality in found.marks] == ["late"]


@pytest.mark.parametrize("version", range(1, len(schema.MIGRATIONS)))
async def test_every_earlier_format_is_brought_up_to_date(version: int, tmp_path: Path) -> None:
    old_database(tmp_path / "data", version)
    await check(tmp_path / "data", rolled=version < 8)


async def test_qualities_are_kept(tmp_path: Path) -> None:
    old_database(tmp_path / "data", 2)
    store = SqliteStore.open(tmp_path / "data")
    await store.close()
    with closing(sqlite3.connect(tmp_path / "data" / FILE)) as peek:
        rows = peek.execute("SELECT first, body FROM chunk WHERE series = 1 ORDER BY id").fetchall()
    points = decode([1] * len(rows), [first for first, _ in rows], [body for _, body in rows])
    assert points.quality.tolist() == [3 if quality == "late" else 0 for _, _, quality in readings(1)]


@pytest.mark.parametrize(("version", "done"), [(2, 0), (2, 1), (2, 5), (2, 20), (5, 1), (5, 3), (5, 6)])
async def test_an_upgrade_that_breaks_off_goes_on_at_the_next_start(
    version: int, done: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_database(tmp_path / "data", version)
    monkeypatch.setattr(data_migrations, "SLICE", 100)
    monkeypatch.setattr(data_migrations, "CHUNKS", 2)
    left = done

    def unplugged(step: schema.Step) -> schema.Step:
        def tried(connection: sqlite3.Connection) -> bool:
            nonlocal left
            left -= 1
            if left < 0:
                raise OSError("the plug is pulled")
            return step(connection)

        return tried

    monkeypatch.setattr("hub.store.writer.STEPS", {number: unplugged(step) for number, step in STEPS.items()})
    with pytest.raises(OSError, match="plug"):
        SqliteStore.open(tmp_path / "data")
    monkeypatch.undo()
    await check(tmp_path / "data", rolled=version >= 5)


UPGRADE = """
import sys
from pathlib import Path
from hub.store import moving
from hub.store.sqlite import SqliteStore
from hub.store.migrations.data_migrations import STEPS
moving.SLICE, moving.CHUNKS = 40, 1
def told(step):
    def said(connection):
        more = step(connection)
        print("step", flush=True)
        return more
    return said
STEPS.update({number: told(step) for number, step in STEPS.items()})
SqliteStore.open(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(("version", "kills"), [(1, (2, 7, 11)), (5, (1, 3, 4))])
async def test_an_upgrade_survives_kill_9(version: int, kills: tuple[int, ...], tmp_path: Path) -> None:
    old_database(tmp_path / "data", version)
    for steps in kills:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", UPGRADE, str(tmp_path / "data")),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert child.stdout is not None
        for _ in range(steps):
            assert await asyncio.wait_for(child.stdout.readline(), 20) == b"step\n"
        child.send_signal(signal.SIGKILL)
        await child.wait()
    await check(tmp_path / "data", rolled=version >= 5)
