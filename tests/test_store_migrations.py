"""The migration engine, on invented migrations, and formats that are refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from hub.errors import StoreError
from hub.store.migrations import FIRST_FORMAT, MIGRATIONS, NEWEST_FORMAT, Migration, check_format, migrate, version_of
from hub.store.read_only import ReadOnlyStore
from hub.store.sqlite import FILE, SqliteStore
from hub.store.sqlite_connection import SqliteConnection, wal_of
from store_samples import all_of, delta, record

ROOT = Path(__file__).parent.parent
ROWS = 1_000
SLICE = 30

TABLES = Migration(("CREATE TABLE old (n INTEGER PRIMARY KEY, text TEXT)", "CREATE TABLE new (n INTEGER, text TEXT)"))


def move_slice(connection: SqliteConnection) -> bool:
    """Move :data:`SLICE` rows from one invented table to another."""
    with connection.transaction():
        rows = connection.execute("SELECT n, text FROM old ORDER BY n LIMIT ?", (SLICE,)).fetchall()
        connection.executemany("INSERT INTO new VALUES (?, upper(?))", rows)
        connection.executemany("DELETE FROM old WHERE n = ?", [row[:1] for row in rows])
    return bool(rows)


MOVED = Migration(("DROP TABLE old",), move_slice)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Create a database of an invented format with :data:`ROWS` rows that the next migration moves."""
    with closing(connected(tmp_path / "invented.db")) as connection:
        migrate(connection, (TABLES,))
        with connection.transaction():
            connection.executemany("INSERT INTO old VALUES (?, ?)", [(n, f"row {n}") for n in range(ROWS)])
    return tmp_path / "invented.db"


def connected(path: Path) -> SqliteConnection:
    connection = sqlite3.connect(path, isolation_level=None, factory=SqliteConnection)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection


def check_moved(connection: sqlite3.Connection) -> None:
    assert version_of(connection) == FIRST_FORMAT + 1
    assert connection.execute("SELECT n, text FROM new ORDER BY n").fetchall() == [(n, f"ROW {n}") for n in range(ROWS)]
    assert not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'old'").fetchone()
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_new_database_has_newest_format(tmp_path: Path) -> None:
    await SqliteStore.open(tmp_path).close()
    assert check_format(tmp_path / FILE) == NEWEST_FORMAT == FIRST_FORMAT + len(MIGRATIONS) - 1


def test_migration_step_moves_rows_in_slices(path: Path) -> None:
    with closing(connected(path)) as connection:
        migrate(connection, (TABLES, MOVED))
        check_moved(connection)
        migrate(connection, (TABLES, MOVED))  # nothing is left to do
        check_moved(connection)


@pytest.mark.parametrize("done", [0, 1, 20, ROWS // SLICE + 1])
def test_failed_migration_step_continues_at_next_start(path: Path, done: int) -> None:
    left = done

    def fail_later(connection: sqlite3.Connection) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the disk failed")
        return move_slice(connection)

    with closing(connected(path)) as connection:
        with pytest.raises(OSError, match="failed"):
            migrate(connection, (TABLES, Migration(MOVED.statements, fail_later)))
        assert version_of(connection) == FIRST_FORMAT
        assert connection.execute("SELECT count(*) FROM new").fetchone() == (min(done * SLICE, ROWS),)
    with closing(connected(path)) as connection:
        migrate(connection, (TABLES, MOVED))
        check_moved(connection)


def test_failed_migration_is_rolled_back(path: Path) -> None:
    good = Migration(("CREATE TABLE extra (x INTEGER)", "INSERT INTO extra VALUES (1)"))
    broken = Migration(("INSERT INTO extra VALUES (2)", "INSERT INTO nowhere VALUES (1)"))
    repaired = Migration(("INSERT INTO extra VALUES (3)",))
    with closing(connected(path)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, (TABLES, good, broken))
        assert version_of(connection) == FIRST_FORMAT + 1
        assert connection.execute("SELECT x FROM extra").fetchall() == [(1,)]
        migrate(connection, (TABLES, good, repaired))
        assert version_of(connection) == FIRST_FORMAT + 2
        assert connection.execute("SELECT x FROM extra").fetchall() == [(1,), (3,)]
        assert connection.execute("SELECT count(*) FROM old").fetchone() == (ROWS,)


UPGRADE = """
import sys
from pathlib import Path
from hub.store.migrations import Migration, migrate
from test_store_migrations import MOVED, TABLES, connected, move_slice
def reported(connection):
    more = move_slice(connection)
    print("slice", flush=True)
    return more
migrate(connected(Path(sys.argv[1])), (TABLES, Migration(MOVED.statements, reported)))
"""


async def test_upgrade_survives_kill_9(path: Path) -> None:
    for slices in (2, 7, 11):
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", UPGRADE, str(path)),
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        )
        assert child.stdout is not None
        for _ in range(slices):
            assert await asyncio.wait_for(child.stdout.readline(), 60) == b"slice\n"
        child.send_signal(signal.SIGKILL)
        await child.wait()
    with closing(connected(path)) as connection:
        assert 0 < connection.execute("SELECT count(*) FROM old").fetchone()[0] <= ROWS - 20 * SLICE
        migrate(connection, (TABLES, MOVED))
        check_moved(connection)


# --- formats that are refused ---------------------------------------------------------------------------------------


async def folder_of_format(folder: Path, version: int, *, killed: bool) -> dict[str, bytes]:
    """Create a data folder of that format, as a stopped or a killed hub leaves it, and return its files."""
    source = folder.with_name("made")
    store = SqliteStore.open(source)
    await store.commit(1, delta(0, *(record("a", i, t=float(i)) for i in range(100))))
    if not killed:
        await store.close()
    with closing(sqlite3.connect(source / FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*-shm"))
    await store.close()
    assert wal_of(folder / FILE).exists() == killed
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files except the index of the write-ahead log, which SQLite rebuilds."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}


OLDER = f"format %d of a development version; this version reads format {FIRST_FORMAT} and later, and cannot upgrade it"
NEWER = f"format %d, but this version of Watchkeeper knows only {NEWEST_FORMAT}"


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize(
    ("version", "expected"), [(1, OLDER), (FIRST_FORMAT - 1, OLDER), (NEWEST_FORMAT + 1, NEWER), (999, NEWER)]
)
async def test_unsupported_format_is_refused_and_unchanged(
    tmp_path: Path, version: int, expected: str, killed: bool
) -> None:
    before = await folder_of_format(tmp_path / "data", version, killed=killed)
    for open_store in (SqliteStore.open, ReadOnlyStore.open):
        with pytest.raises(StoreError, match=expected % version) as refused:
            open_store(tmp_path / "data")
        assert "--data" in refused.value.hint
        assert contents(tmp_path / "data") == before


async def test_database_of_killed_hub_opens(tmp_path: Path) -> None:
    await folder_of_format(tmp_path / "data", NEWEST_FORMAT, killed=True)
    store = SqliteStore.open(tmp_path / "data")
    [found] = await store.history([all_of("a", "t")])
    await store.close()
    assert len(found.points) == 100


async def test_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x07" * 4_096)
    with pytest.raises(sqlite3.DatabaseError):
        check_format(tmp_path / FILE)
    store = SqliteStore.open(tmp_path)  # which sets it aside
    assert store.set_aside is not None
    await store.close()
