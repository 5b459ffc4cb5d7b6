"""What goes when it is old, a bounded slice at a time, so that a commit never waits long behind it."""

from __future__ import annotations

import sqlite3

import msgspec
import numpy as np

from hub.store.chunks import decode
from hub.store.connection import transaction
from hub.store.folding import ROW, rows

SLICE = 10_000
"""At most so many readings or rows go in one transaction (some 50 ms)."""
CHUNKS = 500
"""And at most so many chunks."""

MAX_REJECTIONS = 50_000
"""A flood of unreadable messages must not fill the disk within the time of retention: the newest stay."""

_DROPPED = """SELECT id FROM dropped_series
    WHERE NOT EXISTS (SELECT 1 FROM batch WHERE batch.id <= dropped_series.n) LIMIT 1"""

# Deleted, while the log may still have points of it.
_HELD = """SELECT 1 FROM dropped_series
    WHERE EXISTS (SELECT 1 FROM batch WHERE batch.id <= dropped_series.n) LIMIT 1"""

_CHUNKS = """SELECT json_group_array(json_array(id, last, count))
    FROM (SELECT id, last, count FROM chunk WHERE {} LIMIT ?)"""
_OF_SERIES, _BEFORE = _CHUNKS.format("series = ?"), _CHUNKS.format("first < ? ORDER BY first")

_BODY = "SELECT series, first, open, body FROM chunk WHERE id = ?"
_RENEW = f"UPDATE chunk SET {', '.join(f'{name} = ?' for name in ROW)} WHERE id = ?"  # noqa: S608 (our own words)

_decode_chunks = msgspec.json.Decoder(list[tuple[int, int, int]]).decode

_OLD_ALERTS = "SELECT id FROM alert WHERE state = 'cleared' AND cleared_at < ? ORDER BY cleared_at LIMIT ?"

_OLD = (
    """DELETE FROM diagnosis WHERE id IN (SELECT id FROM diagnosis WHERE created_at < ?1 AND
        (alert IS NULL OR NOT EXISTS (SELECT 1 FROM alert WHERE alert.id = diagnosis.alert)) LIMIT ?2)""",
    "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE ts < ?1 LIMIT ?2)",
    "DELETE FROM rejection WHERE id IN (SELECT id FROM rejection WHERE received < ?1 LIMIT ?2)",
    "DELETE FROM command WHERE id IN (SELECT id FROM command WHERE settled_at < ?1 LIMIT ?2)",
)
_TOO_MANY_REJECTIONS = """DELETE FROM rejection WHERE id IN (
    SELECT id FROM rejection WHERE id <= (SELECT max(id) FROM rejection) - ? LIMIT ?)"""


def log_is_due(connection: sqlite3.Connection, before: int) -> bool:
    """True when the log must be folded first: it has points older than ``before``, or of series that were dropped."""
    old = connection.execute("SELECT 1 FROM batch WHERE first < ? LIMIT 1", (before,)).fetchone()
    return bool(old or connection.execute(_HELD).fetchone())


def expire_slice(connection: sqlite3.Connection, before: int) -> int:
    """Delete up to about :data:`SLICE` rows older than ``before`` (ms); returns how many, 0 when none is left."""
    with transaction(connection):
        gone = _expire_readings(connection, before)
        if gone < SLICE:
            gone += _expire_alerts(connection, before, SLICE - gone)
        for statement in _OLD:
            if gone < SLICE:
                gone += connection.execute(statement, (before, SLICE - gone)).rowcount
        if gone < SLICE:
            gone += connection.execute(_TOO_MANY_REJECTIONS, (MAX_REJECTIONS, SLICE - gone)).rowcount
        return gone


def _expire_readings(connection: sqlite3.Connection, before: int) -> int:
    gone = 0
    while gone < SLICE and (dropped := connection.execute(_DROPPED).fetchone()):
        chunks = _slice(connection, _OF_SERIES, dropped[0])
        _delete(connection, [number for number, _, _ in chunks])
        if not chunks:
            connection.execute("DELETE FROM dropped_series WHERE id = ?", dropped)
        gone += sum(count for _, _, count in chunks) + 1  # a series without readings is work done, too
    if gone:
        return gone
    chunks = _slice(connection, _BEFORE, before)
    _delete(connection, [number for number, last, _ in chunks if last < before])
    gone = sum(count for _, last, count in chunks if last < before)
    return gone + sum(_trim(connection, number, before) for number, last, _ in chunks if last >= before)


def _slice(connection: sqlite3.Connection, which: str, asked: int) -> list[tuple[int, int, int]]:
    chunks = _decode_chunks(connection.execute(which, (asked, CHUNKS)).fetchone()[0])
    ends = np.cumsum([count for _, _, count in chunks])
    return chunks[: max(int(np.searchsorted(ends, SLICE, "right")), 1)]


def _delete(connection: sqlite3.Connection, ids: list[int]) -> None:
    connection.execute(
        "DELETE FROM chunk WHERE id IN (SELECT value FROM json_each(?))", (msgspec.json.encode(ids).decode(),)
    )


def _trim(connection: sqlite3.Connection, number: int, before: int) -> int:
    """Cut the points before a time off a chunk, which keeps its number; returns how many went."""
    series, first, still_open, body = connection.execute(_BODY, (number,)).fetchone()
    points = decode([series], [first], [body])
    kept = points.take(points.ts >= before)
    (row,) = rows(kept, np.zeros(1, np.int64))
    values = dict(zip(ROW, row, strict=True)) | {"open": still_open}
    connection.execute(_RENEW, (*values.values(), number))
    return len(points) - len(kept)


def _expire_alerts(connection: sqlite3.Connection, before: int, most: int) -> int:
    ids = connection.execute(_OLD_ALERTS, (before, most)).fetchall()
    # Their diagnoses go with them.
    gone = sum(connection.execute("DELETE FROM diagnosis WHERE alert = ?", row).rowcount for row in ids)
    gone += sum(connection.execute("DELETE FROM alert WHERE id = ?", row).rowcount for row in ids)
    return gone
