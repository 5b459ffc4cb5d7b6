"""The SQLite store under faults: killed, locked, disk full, damaged, cancelled."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hub.errors import InUse, StoreBusy, StoreCorrupt, StoreError
from hub.store import sqlite_connection as connection_module
from hub.store.base import Delta
from hub.store.lock import DirectoryLock
from hub.store.sqlite import FILE, SqliteStore
from store_samples import all_of, delta, older, record, rejection

ROOT = Path(__file__).parent.parent


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path)
    yield opened
    await opened.close()


def readings(device: str, first: int, count: int) -> list[Any]:
    return [record(device, i, i, t=float(i)) for i in range(first, first + count)]


async def count(store: SqliteStore, device: str) -> int:
    [series] = await store.history([all_of(device, "t")])
    return len(series.points)


async def python(code: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start a process that runs ``code`` and can import the hub and the tests' helpers."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-c", code, *arguments),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )


WRITE_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from hub.store.chunks import compaction
from hub.store.sqlite import SqliteStore
from store_samples import older, activity, delta, record
compaction._LOG_POINTS = (4_000, 4_000, 4_000)  # compaction runs nearly all the time
compaction.SLICE_SERIES = 2
async def main():
    store = SqliteStore.open(Path(sys.argv[1]))
    cursor = (await store.load()).cursor
    while True:
        numbers = range(cursor, cursor + 500)
        records = [record("a", n, n, **{m: float(n) for m in "tuvwxyz"}) for n in numbers]
        states = {"a": b"%d" % (cursor + 500)}
        await store.commit(1, delta(cursor, *records, states=states, activity=[activity(cursor)]))
        cursor += 500
        print(cursor, flush=True)
asyncio.run(main())
"""


async def test_kill_9_leaves_complete_commits_only(tmp_path: Path) -> None:
    promised = 0
    for turn in range(4):
        child = await python(WRITE_FOR_EVER, str(tmp_path))
        assert child.stdout is not None
        for _ in range(3 + turn):
            promised = int(await asyncio.wait_for(child.stdout.readline(), 20))
        await asyncio.sleep(0.004 * turn)
        child.send_signal(signal.SIGKILL)
        rest = (await child.stdout.read()).split()
        promised = max([promised, *map(int, rest)])
        await child.wait()
        store = SqliteStore.open(tmp_path)
        snapshot = await store.load()
        assert store.set_aside is None
        assert snapshot.cursor >= promised
        assert snapshot.cursor % 500 == 0
        for series in await store.history([all_of("a", metric) for metric in "tuvwxyz"]):
            assert [value for _, value in series.points] == list(range(snapshot.cursor))
        assert snapshot.states == {"a": b"%d" % snapshot.cursor}
        assert len(await store.activity(limit=10_000)) == snapshot.cursor // 500
        assert snapshot.keys[-1] == ("a", snapshot.cursor - 1)
        await store.close()


async def test_commit_to_locked_database_is_busy_and_succeeds_later(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = delta(0, *readings("a", 0, 10), states={"a": b"1"})
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        for _ in range(2):
            with pytest.raises(StoreBusy, match="locked"):
                await store.commit(1, written)
        assert await count(store, "a") == 0  # reading goes on
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    await store.commit(1, written)
    assert await count(store, "a") == 10


async def test_event_loop_is_not_blocked_by_locked_database(store: SqliteStore) -> None:
    holder = sqlite3.connect(store.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(store.commit(1, delta(0, record("a", 0, t=1.0))))
    longest, before = 0.0, time.perf_counter()
    while not waiting.done():
        await asyncio.sleep(0.005)
        longest, before = max(longest, time.perf_counter() - before), time.perf_counter()
    holder.close()
    assert isinstance(waiting.exception(), StoreBusy)
    assert longest < 0.2


FILL_UP = """
import asyncio, resource, sys
from pathlib import Path
from hub.errors import StoreBusy
from hub.store.sqlite import SqliteStore
from store_samples import older, delta, record
async def main():
    store = SqliteStore.open(Path(sys.argv[1]))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    cursor = 0
    while True:
        batch = delta(cursor, *[record("a", cursor + i, t=float(i)) for i in range(2_000)])
        try:
            await store.commit(1, batch)
        except StoreBusy as error:
            break
        cursor += 2_000
        assert cursor < 1_000_000
    print("full", cursor, error_of := "disk is full", flush=True)
    for _ in range(3):
        try:
            await store.commit(1, batch)
        except StoreBusy as error:
            assert "disk is full" in error.message, error.message
        else:
            raise AssertionError("it was written")
    assert (await store.load()).cursor == cursor
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await store.commit(1, batch)
    assert (await store.load()).cursor == cursor + 2_000
    await store.close()
    print("recovered", cursor + 2_000, flush=True)
asyncio.run(main())
"""


async def test_full_disk_is_busy_and_recovers(tmp_path: Path) -> None:
    child = await python(FILL_UP, str(tmp_path))
    out, _ = await asyncio.wait_for(child.communicate(), 30)
    assert child.returncode == 0
    assert out.split()[0] == b"full"
    recovered = int(out.split()[-1])
    store = SqliteStore.open(tmp_path)
    assert await count(store, "a") == recovered
    await store.close()


def filled(directory: Path) -> Path:
    async def fill() -> None:
        store = SqliteStore.open(directory)
        await store.commit(1, delta(0, *readings("a", 0, 5_000), states={"a": b"1"}))
        await store.tidy()
        await store.close()

    asyncio.run(fill())
    return directory / FILE


def flip_header(data: bytearray) -> None:
    data[0:16] = b"not a database!!"


def flip_middle(data: bytearray) -> None:
    for at in range(8_192, len(data), 4_096):
        data[at : at + 64] = bytes(byte ^ 0xFF for byte in data[at : at + 64])


def cut_short(data: bytearray) -> None:
    del data[len(data) // 2 :]


def erase(data: bytearray) -> None:
    data[:] = os.urandom(len(data))


@pytest.mark.parametrize("damage", [flip_header, flip_middle, cut_short, erase])
def test_damaged_file_is_set_aside_at_open(damage: Any, tmp_path: Path) -> None:
    path = filled(tmp_path)
    data = bytearray(path.read_bytes())
    damage(data)
    path.write_bytes(data)

    async def use() -> None:
        store = SqliteStore.open(tmp_path)
        assert store.set_aside is not None
        assert store.set_aside.name.startswith(f"{FILE}.damaged-")
        assert store.set_aside.read_bytes() == data
        assert (await store.load()).cursor == 0
        await store.commit(1, delta(0, record("a", 0, t=1.0)))
        await store.close()
        again = SqliteStore.open(tmp_path)
        assert again.set_aside is None
        assert await count(again, "a") == 1
        await again.close()

    asyncio.run(use())


def test_damage_in_large_file_is_found_at_next_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = filled(tmp_path)
    monkeypatch.setattr(connection_module, "CHECK_BYTES", 1)  # too large to be checked completely at each start
    with sqlite3.connect(path) as peek:
        root = peek.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'chunk'").fetchone()[0]
        size = peek.execute("PRAGMA page_size").fetchone()[0]
    peek.close()
    data = bytearray(path.read_bytes())
    data[(root - 1) * size : root * size] = os.urandom(size)
    path.write_bytes(data)

    async def use() -> None:
        store = SqliteStore.open(tmp_path)
        assert store.set_aside is None
        with pytest.raises(StoreCorrupt):
            await store.history([all_of("a", "t")])
        await store.close()
        after = SqliteStore.open(tmp_path)
        assert after.set_aside is not None
        await after.close()

    asyncio.run(use())


def test_locked_file_is_not_treated_as_damaged(tmp_path: Path) -> None:
    path = filled(tmp_path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    holder.execute("UPDATE progress SET epoch = epoch")
    with pytest.raises(StoreBusy):
        SqliteStore.open(tmp_path)
    holder.close()
    assert not list(tmp_path.glob("*damaged*"))


async def test_every_commit_is_synced_to_the_disk(store: SqliteStore) -> None:
    writer = store._writer.connection
    assert writer.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert writer.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_backup_is_consistent_during_commits(store: SqliteStore, tmp_path: Path) -> None:
    await store.commit(1, delta(0, *readings("a", 0, 20_000), states={"a": b"20000"}))
    cursor, copies, done = 20_000, [], asyncio.Event()

    async def write() -> None:
        nonlocal cursor
        while not done.is_set():
            await store.commit(1, delta(cursor, *readings("a", cursor, 100), states={"a": b"%d" % (cursor + 100)}))
            cursor += 100

    writing = asyncio.create_task(write())
    for number in range(3):
        await asyncio.sleep(0.05)
        copies.append(tmp_path / f"copy{number}" / FILE)
        before = cursor
        await store.backup(copies[-1])
        assert cursor > before, "commits were blocked"
    done.set()
    await writing
    seen = []
    for copy in copies:
        assert [file.name for file in copy.parent.iterdir()] == [FILE]
        backup = SqliteStore.open(copy.parent)
        snapshot = await backup.load()
        assert snapshot.states == {"a": b"%d" % snapshot.cursor}
        assert await count(backup, "a") == snapshot.cursor
        await store.tidy()  # the next copy has chunks and log
        seen.append(snapshot.cursor)
        await backup.close()
    assert seen == sorted(set(seen))


async def test_sqlite_wal_is_truncated_after_long_reader(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "WAL_LIMIT_BYTES", 1_000_000)
    monkeypatch.setattr("hub.store.sqlite.WAL_CHECK_S", 0.3)
    wal = connection_module.wal_of(store.path)
    reader = sqlite3.connect(store.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM batch").fetchone()
    cursor = 0
    while wal.stat().st_size < 3_000_000:
        await store.commit(1, delta(cursor, *readings("a", cursor, 1_000)))
        cursor += 1_000
    reader.close()
    await asyncio.sleep(0.3)
    await store.commit(1, delta(cursor, *readings("a", cursor, 10)))
    assert wal.stat().st_size < 1_000_000
    assert await count(store, "a") == cursor + 10


async def test_too_many_waiting_reads_are_refused(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.threads.MAX_WAITING_READS", 20)
    answers = await asyncio.gather(*(store.alerts() for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(answer, StoreBusy) for answer in answers) == 30
    assert await store.alerts() == []


async def test_cancelled_commit_is_written_once(store: SqliteStore) -> None:
    written = delta(0, *readings("a", 0, 5_000))
    task = asyncio.create_task(store.commit(1, written))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.commit(1, written)
    assert await count(store, "a") == 5_000


async def test_closed_store_raises(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path)
    writing = asyncio.create_task(store.commit(1, delta(0, *readings("a", 0, 5_000))))
    await asyncio.sleep(0)
    await store.close()
    await writing  # a running commit is finished
    await store.close()
    for use in (store.load(), store.commit(1, Delta(0)), store.backup(tmp_path / "copy")):
        with pytest.raises(StoreError, match="closed"):
            await use


async def test_stats_report_size_and_last_commit(store: SqliteStore) -> None:
    before = store.stats()
    await store.commit(1, delta(0, *readings("a", 0, 20_000)))
    after = store.stats()
    assert after.bytes > before.bytes + 200_000
    assert (before.commits, after.commits) == (0, 1)
    assert after.last_commit is not None
    assert abs(after.last_commit - time.time() * 1_000) < 10_000


HOLD_LOCK = """
import sys, time
from pathlib import Path
from hub.store.lock import DirectoryLock
with DirectoryLock.acquire(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


async def test_data_directory_is_locked_by_one_hub(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"
    child = await python(HOLD_LOCK, str(directory))
    assert child.stdout is not None
    assert await child.stdout.readline() == b"held\n"
    with pytest.raises(InUse, match=f"process {child.pid}"):
        DirectoryLock.acquire(directory)
    child.send_signal(signal.SIGKILL)
    await child.wait()
    lock = DirectoryLock.acquire(directory)
    with pytest.raises(InUse, match=f"process {os.getpid()}"):
        DirectoryLock.acquire(directory)
    lock.release()
    lock.release()
    DirectoryLock.acquire(directory).release()


async def test_deleted_device_leaves_no_rows(store: SqliteStore) -> None:
    await store.commit(1, delta(0, *readings("a", 0, 1_000)))
    await store.tidy()
    assert store._writer.connection.execute("SELECT count(*) > 0 FROM rollup").fetchone() == (1,)
    await store.commit(1, delta(1_000, deleted=["a"]))
    while await store.expire(older(0)):
        pass
    for table in ("rollup", "chunk", "series", "dropped_series"):
        assert store._writer.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


async def test_excerpt_with_nul_character_is_stored_unchanged(store: SqliteStore) -> None:
    rejected = msgspec.structs.replace(rejection(1), excerpt="\0{")
    await store.commit(1, Delta(0, rejections=[rejected]))
    assert await store.rejections() == [rejected]


def test_only_commits_without_flush_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    connection = connection_module.connect_writer(tmp_path / "x.db")

    def mode() -> int:
        return int(connection.execute("PRAGMA synchronous").fetchone()[0])

    normal, full = 1, 2
    try:
        with connection.transaction():
            assert mode() == full
        with connection.transaction(flush=False):
            assert mode() == normal
        with pytest.raises(ZeroDivisionError), connection.transaction(flush=False):
            raise ZeroDivisionError
        assert mode() == full
    finally:
        connection.close()
