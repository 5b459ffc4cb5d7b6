"""Repair damage that SQLite does not detect: values of a wrong type or out of range.

Such values come from a disk fault or a change by another program. At start the hub moves these rows to the table
``unreadable``, and replaces the row ``progress`` if its numbers contradict the other tables.
"""

from __future__ import annotations

import logging

import msgspec

from hub.runtime.clock import now_ms
from hub.store.chunks.codec import POINTS
from hub.store.query.query_plan import MAX_TS
from hub.store.rows import MAX_NUMBER
from hub.store.sqlite_connection import SqliteConnection

log = logging.getLogger(__name__)

AHEAD = 1 << 32
"""If the number of the last record is lost, numbering continues this far above the largest known number.

The states of devices may contain numbers above the largest known one.
"""


def _beyond(*columns: str) -> str:
    return " OR ".join(f"{column} NOT BETWEEN -{MAX_TS} AND {MAX_TS}" for column in columns)


_SERIES = f"id NOT BETWEEN 1 AND {(1 << 32) - 1}"
_CHUNK = (
    f"id > {MAX_NUMBER} OR count NOT BETWEEN 1 AND {POINTS} OR numbers NOT BETWEEN 0 AND count OR first > last "
    f"OR length(summary) <> 24 OR marks NOT BETWEEN 0 AND 255 OR active NOT IN (0, 1)"
)


# By table, the condition of a row that is out of range. A start reads all rows of the first group anyway, so these are
# checked at every start; the second group only if the whole file is checked.
_STATE: dict[str, str] = {
    "device": "",
    "series": _SERIES,
    "dropped_series": _SERIES,
    "alert": _beyond("raised_at", "cleared_at", "confirmed_at"),
    "learnt": "",
    "command": _beyond("created_at", "settled_at"),
    "batch": f"id NOT BETWEEN 1 AND {MAX_NUMBER} OR points < 1 OR {_beyond('first')}",
    "key_log": f"id > {MAX_NUMBER} OR cursor NOT BETWEEN 0 AND {MAX_NUMBER} OR count < 0",
    "device_keys": f"id > {MAX_NUMBER}",
}
_HISTORY: dict[str, str] = {
    "chunk": f"{_CHUNK} OR {_beyond('first', 'last')}",
    "rollup": f"id > {MAX_NUMBER} OR step NOT IN (60000, 3600000) OR {_beyond('first')}",
    "alert_entry": f"id > {MAX_NUMBER}",
    "silence": _beyond("at", "ends_at"),
    "incident": _beyond("started_at", "ended_at"),
    "diagnosis": _beyond("created_at"),
    "rejection": f"id > {MAX_NUMBER} OR {_beyond('received')} OR size < 0",
    "activity": f"id > {MAX_NUMBER} OR {_beyond('ts')}",
    "conversation": _beyond("created_at", "updated_at"),
    "turn": f"id > {MAX_NUMBER}",
    "analysis": _beyond("created_at"),
    "page": f"id > {MAX_NUMBER}",
    "manual": "",
}


_NUMBERS = ("cursor", "epoch", "checkpoint", "compacting_upto", "compacting_below")
_LAST_NUMBER = """SELECT max(coalesce((SELECT max(id) FROM batch), 0),
    coalesce((SELECT max(cursor) FROM key_log), 0))"""
_VALID_PROGRESS = f"""SELECT count(*) FROM progress WHERE
    {" AND ".join(f"typeof({name}) = 'integer' AND {name} BETWEEN 0 AND {MAX_NUMBER}" for name in _NUMBERS)}
    AND typeof(digest) IN ('null', 'blob') AND epoch < {AHEAD}
    AND cursor >= ? AND checkpoint <= cursor AND compacting_upto <= cursor"""  # noqa: S608 (our own words)


def repair(connection: SqliteConnection, *, history: bool) -> None:
    """Repair tables that the hub needs to start. With ``history``, check the tables of the history as well."""
    repair_sequences(connection)
    move_damaged_rows(connection, history=history)
    repair_progress(connection)


def move_damaged_rows(connection: SqliteConnection, *, history: bool) -> int:
    """Move rows with damaged values to the table ``unreadable``, and return how many.

    The tables of the current state are checked; with ``history``, the tables of the history as well.
    """
    tables = _STATE | _HISTORY if history else _STATE
    return sum(move_damaged(connection, table) for table in tables)


def move_damaged(connection: SqliteConnection, table: str, where: str = "1") -> int:
    """Move the damaged rows of one table that meet the SQL condition ``where``; return how many."""
    out_of_range = (_STATE | _HISTORY)[table]
    columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
    wrong = " OR ".join(_wrong_type(name, kind, not_null) for _, name, kind, not_null, _, _ in columns)
    condition = f"({wrong}{f' OR {out_of_range}' if out_of_range else ''}) AND {where}"
    rows = connection.execute(f"SELECT * FROM {table} WHERE {condition}").fetchall()  # noqa: S608 (our own words)
    if not rows:
        return 0
    key = [number for number, column in enumerate(columns) if column[5]]
    now = now_ms()
    with connection.transaction():
        for row in rows:
            connection.execute(
                "INSERT INTO unreadable (kind, key, problem, at, body) VALUES (?, ?, ?, ?, ?)",
                (table, "\n".join(str(row[i]) for i in key), "a value is damaged", now, msgspec.msgpack.encode(row)),
            )
            same = " AND ".join(f"{columns[i][1]} IS ?" for i in key)
            connection.execute(f"DELETE FROM {table} WHERE {same}", [row[i] for i in key])  # noqa: S608
    log.error(
        "Rows of the table %r hold damaged values (%d): %s%s. They were moved to the table 'unreadable' of the "
        "database and the hub goes on without them. Keep a copy of the database and report this.",
        *(table, len(rows), ", ".join(repr(row[key[0]])[:200] for row in rows[:5]), ", …" if len(rows) > 5 else ""),
    )
    return len(rows)


def _wrong_type(name: str, kind: str, not_null: bool) -> str:
    allowed = f"typeof({name}) <> '{kind.lower()}'" if kind else "0"
    return allowed if not_null else f"({name} IS NOT NULL AND {allowed})"


def repair_progress(connection: SqliteConnection) -> None:
    """Repair the table ``progress``, whose only row has the number of the last record.

    The row is replaced if it is missing or contradicts the other tables.
    """
    known = connection.execute(_LAST_NUMBER).fetchone()[0]
    if connection.execute(_VALID_PROGRESS, (known,)).fetchone()[0] == 1:
        return
    before = connection.execute("SELECT * FROM progress").fetchall()
    with connection.transaction():
        connection.execute("DELETE FROM progress")
        # With checkpoint 0, the records of all batches are replayed; a device state skips the records that it includes.
        connection.execute("INSERT INTO progress (id, cursor, epoch) VALUES (1, ?, 0)", (known + AHEAD,))
    log.error(
        "The table 'progress' of the database was damaged: it held %.200s. It was replaced; readings of the last "
        "minutes may be stored twice. Keep a copy of the database and report this.", before
    )  # fmt: skip


def repair_sequences(connection: SqliteConnection) -> None:
    """Delete AUTOINCREMENT counters that are invalid or near the end of 64 bits: SQLite would report a full disk."""
    connection.execute(
        f"DELETE FROM sqlite_sequence WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND {MAX_NUMBER}"  # noqa: S608
    )
