"""Rows that cannot be read. A start moves them to a table of their own: neither lost nor in the way."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Sequence

from hub.store.batches import read_batch
from hub.store.connection import transaction
from hub.store.rows import UNREADABLE_BODY, RowKind, Unreadable

log = logging.getLogger(__name__)


# By kind: the table, the columns that make up its key, and the column that is kept.
_TABLES: dict[RowKind, tuple[str, str, str]] = {
    "device": ("device", "id", "state"),
    "alert": ("alert", "id", "body"),
    "command": ("command", "id", "body"),
    "learnt": ("learnt", "dialect || char(10) || key", "value"),
    "device_keys": ("device_keys", "CAST(id AS TEXT)", "keys"),
    "key_log": ("key_log", "CAST(id AS TEXT)", "keys"),
    "batch": ("batch", "CAST(id AS TEXT)", "body"),
}
_BROKEN_KEYS = "SELECT id FROM device_keys WHERE typeof(keys) <> 'blob' OR length(keys) % 8"
_BROKEN_KEY_LOG = """SELECT id FROM key_log WHERE typeof(keys) <> 'blob' OR typeof(series) <> 'blob'
    OR length(keys) % 8 OR length(series) * 2 <> length(keys) OR coalesce(length(gone), 0) % 4"""


def put_aside(connection: sqlite3.Connection, rows: Sequence[Unreadable]) -> None:
    """Move these rows to the table ``unreadable``."""
    now = time.time_ns() // 1_000_000
    with transaction(connection):
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


def put_broken_rows_aside(connection: sqlite3.Connection) -> int:
    """Move the dedupe keys and the batches of the log that cannot be read; return how many."""
    found = [Unreadable("device_keys", str(row), "no whole keys") for (row,) in connection.execute(_BROKEN_KEYS)]
    found += [Unreadable("key_log", str(row), "no whole keys") for (row,) in connection.execute(_BROKEN_KEY_LOG)]
    for number, body in connection.execute("SELECT id, body FROM batch").fetchall():
        try:
            read_batch(body)
        except UNREADABLE_BODY as error:
            found.append(Unreadable("batch", str(number), f"{type(error).__name__}: {error}"))
    if found:
        put_aside(connection, found)
    return len(found)


def count(connection: sqlite3.Connection) -> int:
    """Return how many rows have been put aside."""
    return int(connection.execute("SELECT count(*) FROM unreadable").fetchone()[0])
