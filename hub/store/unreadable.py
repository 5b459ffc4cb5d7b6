"""Move rows that cannot be read to the table ``unreadable``, which keeps them for inspection."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from hub.runtime.clock import now_ms
from hub.store.chunks.codec import decode
from hub.store.chunks.rollups import read_rollup
from hub.store.connection import SqlConnection
from hub.store.damage import move_damaged
from hub.store.rows import UNREADABLE_BODY, RowKind, Unreadable
from hub.store.sqlite_connection import SqliteConnection
from hub.store.wal.batch_rows import read_batch

log = logging.getLogger(__name__)


# By kind: the table, its key as an SQL expression, and the column that is kept.
_TABLES: dict[RowKind, tuple[str, str, str]] = {
    "device": ("device", "id", "state"),
    "alert": ("alert", "id", "body"),
    "command": ("command", "id", "body"),
    "learnt": ("learnt", "dialect || '\n' || key", "value"),
    "device_keys": ("device_keys", "CAST(id AS TEXT)", "keys"),
    "key_log": ("key_log", "CAST(id AS TEXT)", "keys"),
    "batch": ("batch", "CAST(id AS TEXT)", "body"),
    "chunk": ("chunk", "CAST(id AS TEXT)", "body"),
    "rollup": ("rollup", "CAST(id AS TEXT)", "body"),
}
_BROKEN_KEYS = "SELECT id FROM device_keys WHERE length(keys) % 8 <> 0"
_BROKEN_KEY_LOG = """SELECT id FROM key_log
    WHERE length(keys) % 8 <> 0 OR length(series) * 2 <> length(keys) OR coalesce(length(gone), 0) % 4 <> 0"""
# SQLite stores values of a wrong type, too.
_OTHER_TYPES = {"sqlite": " OR typeof(keys) <> 'blob'", "postgresql": ""}
_OTHER_TYPES_OF_LOG = {"sqlite": " OR typeof(keys) <> 'blob' OR typeof(series) <> 'blob'", "postgresql": ""}


def put_aside(connection: SqlConnection, rows: Sequence[Unreadable]) -> None:
    """Move ``rows`` from their tables to the table ``unreadable``, and log that they were moved."""
    now = now_ms()
    with connection.transaction():
        for row in rows:
            table, key, body = _TABLES[row.kind]
            connection.execute(
                "INSERT INTO unreadable (kind, key, problem, at, body) "  # noqa: S608 (our own words)
                f"SELECT ?, ?, ?, ?, {body} FROM {table} WHERE {key} = ?",
                (row.kind, row.key, row.problem[:500], now, row.key),
            )
            connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (row.key,))  # noqa: S608
    for kind in dict.fromkeys(row.kind for row in rows):
        named = [f"{row.key!r} ({row.problem[:200]})" for row in rows if row.kind == kind]
        log.error(
            "Rows of the table %r cannot be read (%d): %s%s. They were moved to the table 'unreadable' of the database "
            "and the hub goes on without them. Keep a copy of the database and report this.",
            *(_TABLES[kind][0], len(named), ", ".join(named[:5]), ", …" if len(named) > 5 else ""),
        )


def put_broken_rows_aside(connection: SqlConnection) -> int:
    """Move rows that cannot be read to the table ``unreadable``, and return how many were moved.

    The tables of deduplication keys and the table ``batch`` are checked.
    """
    engine = connection.engine
    keys = connection.execute(_BROKEN_KEYS + _OTHER_TYPES[engine])
    found = [Unreadable("device_keys", str(row), "no whole keys") for (row,) in keys]
    keys = connection.execute(_BROKEN_KEY_LOG + _OTHER_TYPES_OF_LOG[engine])
    found += [Unreadable("key_log", str(row), "no whole keys") for (row,) in keys]
    for number, body in connection.execute("SELECT id, body FROM batch").fetchall():
        try:
            read_batch(body)
        except UNREADABLE_BODY as error:
            found.append(Unreadable("batch", str(number), f"{type(error).__name__}: {error}"))
    if found:
        put_aside(connection, found)
    return len(found)


def put_broken_history_aside(connection: SqlConnection, series: Sequence[int]) -> int:
    """Move rows of chunks and rollups that cannot be read to the table ``unreadable``. Return how many.

    The rows of ``series`` (ids) are checked, including their encoded bodies. If ``series`` is empty, the rows of all
    series are checked, but not their bodies.
    """
    which = f"series IN ({', '.join(map(str, series))})" if series else "1"
    moved = 0
    if isinstance(connection, SqliteConnection):  # PostgreSQL refuses values of a wrong type
        moved = sum(move_damaged(connection, table, which) for table in ("chunk", "rollup"))
    found: list[Unreadable] = []
    if series:
        found += _broken(connection.execute(f"SELECT id, first, last, count, body FROM chunk WHERE {which}"), "chunk")  # noqa: S608
        found += _broken(connection.execute(f"SELECT id, body FROM rollup WHERE {which}"), "rollup")  # noqa: S608
        put_aside(connection, found)
    return moved + len(found)


def _broken(rows: Iterable[tuple[Any, ...]], kind: RowKind) -> list[Unreadable]:
    found = []
    for number, *fields in rows:
        try:
            _check_chunk(*fields) if kind == "chunk" else read_rollup(*fields)
        except UNREADABLE_BODY as error:
            found.append(Unreadable(kind, str(number), f"{type(error).__name__}: {error}"))
    return found


def _check_chunk(first: int, last: int, count: int, body: bytes) -> None:
    points = decode([0], [first], [body])
    points.values()
    if len(points) != count or points.ts[-1] != last:
        raise ValueError("its points do not match the columns of its row")


def count(connection: SqlConnection) -> int:
    """Return how many rows the table ``unreadable`` has."""
    return int(connection.execute("SELECT count(*) FROM unreadable").fetchone()[0])
