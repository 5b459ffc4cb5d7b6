"""Copy a database while a hub writes it, and check a copy."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from hub.errors import StoreCorrupt
from hub.runtime.private_files import unfinished_file
from hub.store.migrations import check_format, refuse_unknown, version_of
from hub.store.sqlite_connection import connect_reader, create_private, suspicion_of, translated, wal_of

_COUNTED = ("device", "series", "alert", "diagnosis", "command")


class DatabaseContent(msgspec.Struct, frozen=True):
    """The format of a database, and the number of rows by table.

    In ``rows``, ``record`` is not a table, but the number of records (messages with readings) that were ever stored.
    """

    format: int
    rows: dict[str, int]


def copy_database(path: Path, target: Path) -> None:
    """Write a consistent copy; ``target`` appears only when it is complete. Raises StoreError or a subclass."""
    with translated():
        check_format(path)
    with unfinished_file(target) as unfinished:
        create_private(unfinished)
        with translated(), closing(connect_reader(path)) as source, closing(sqlite3.connect(unfinished)) as copy:
            # In one step, because SQLite restarts the copy at each commit between two steps.
            source.backup(copy)


def examine(path: Path) -> DatabaseContent:
    """Read every page of a database that no process has open, and return its format and numbers of rows.

    Raises StoreCorrupt for a damaged database, StoreError for a format that this version cannot read.
    """
    with translated(), closing(sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)) as connection:
        found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok":
            raise StoreCorrupt("The database file is damaged.")
        version = version_of(connection)
        refuse_unknown(version)
        rows = {name: _count(connection, name) for name in _COUNTED}
        rows["record"] = connection.execute("SELECT cursor FROM progress").fetchone()[0]
        return DatabaseContent(version, rows)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 (names from above)


def companions(path: Path) -> tuple[Path, ...]:
    """Return the files that SQLite and the hub keep beside a database file."""
    return wal_of(path), path.with_name(path.name + "-shm"), suspicion_of(path)
