"""What moves at an upgrade, in steps: readings out of the rows of format 4 and older into chunks, and the points of
chunks that were closed before there were rollups into those; dedupe keys (rekeying.py)."""

from __future__ import annotations

import sqlite3

import msgspec
import numpy as np

from hub.model import Quality, Value
from hub.store.chunks.codec import decode
from hub.store.chunks.compaction import write_points
from hub.store.chunks.rollups import marks_of, write_rollups
from hub.store.connection import transaction
from hub.store.migrations.dedup_key_migration import move_keys
from hub.store.migrations.schema import MIGRATIONS, NO_ROWS, NO_TEXT_KEYS, ROLLED
from hub.store.points import QUALITY_CODES, Points, coded

SLICE = 50_000
"""Rows in one transaction."""

# quote writes a double so that it reads back exactly; sqlite's own JSON rounds it to 15 digits.
_READINGS = """SELECT '[' || group_concat('[' || ts || ',' || n || ',' || CASE typeof(value)
    WHEN 'real' THEN quote(value) WHEN 'integer' THEN CASE value WHEN 0 THEN 'false' ELSE 'true' END
    ELSE json_quote(value) END || ',' || json_quote(coalesce(quality, 'good')) || ']') || ']'
FROM (SELECT ts, n, value, quality FROM reading WHERE series = ? ORDER BY ts, n LIMIT ?)"""

CHUNKS = 256
"""Chunks in one transaction."""

_CHUNKS = """SELECT json_group_array(json_array(id, series, first, open, hex(body))) FROM (
    SELECT id, series, first, open, body FROM chunk
    WHERE id > (SELECT rolled_upto FROM progress) ORDER BY id LIMIT ?)"""

_decode_chunks = msgspec.json.Decoder(list[tuple[int, int, int, int, str]]).decode
_decode = msgspec.json.Decoder(list[tuple[int, int, float | bool | str, Quality]]).decode


def move_readings(connection: sqlite3.Connection) -> bool:
    """Move up to :data:`SLICE` readings of one series into chunks; False when there is none left."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'reading'").fetchone():
        return False  # since format 5
    with transaction(connection):
        series = connection.execute("SELECT min(series) FROM reading").fetchone()[0]
        if series is None:
            return False
        rows = sorted(_decode(connection.execute(_READINGS, (series, SLICE)).fetchone()[0]), key=lambda row: row[:2])
        if connection.execute("SELECT 1 FROM series WHERE id = ?", (series,)).fetchone():
            write_points(connection, _columns(series, rows))
        connection.execute("DELETE FROM reading WHERE series = ? AND (ts, n) <= (?, ?)", (series, *rows[-1][:2]))
        return True


def roll_up(connection: sqlite3.Connection) -> bool:
    """Bring the points of up to :data:`CHUNKS` closed chunks into the rollups, and say in the chunks of what quality
    theirs are; False when there is none left."""
    with transaction(connection):
        found = _decode_chunks(connection.execute(_CHUNKS, (CHUNKS,)).fetchone()[0])
        if not found:
            return False
        ids, series, firsts, still_open, bodies = zip(*found, strict=True)
        points = decode(range(len(ids)), firsts, [bytes.fromhex(body) for body in bodies])
        marks = marks_of(points.quality, np.searchsorted(points.series, np.arange(len(ids)))).tolist()
        marked = [(mark, number) for mark, number in zip(marks, ids, strict=True) if mark]
        connection.executemany("UPDATE chunk SET marks = ? WHERE id = ?", marked)
        closed = points.take(~np.array(still_open, np.bool_)[points.series])
        owners = np.array(series, np.int64)[closed.series]
        write_rollups(connection, msgspec.structs.replace(closed, series=owners).in_order())
        connection.execute("UPDATE progress SET rolled_upto = ?", (ids[-1],))
        return True


def _columns(series: int, rows: list[tuple[int, int, Value, Quality]]) -> Points:
    value, kind, texts = coded([row[2] for row in rows])
    return Points(
        np.full(len(rows), series),
        np.array([row[0] for row in rows], np.int64),
        value,
        np.zeros(len(rows), np.uint8) if kind is None else kind,
        np.array([QUALITY_CODES[row[3]] for row in rows], np.uint8),
        texts,
    )


STEPS = {
    MIGRATIONS.index(ROLLED) + 1: roll_up,
    MIGRATIONS.index(NO_ROWS) + 1: move_readings,
    MIGRATIONS.index(NO_TEXT_KEYS) + 1: move_keys,
}
"""What migrations do before their statements, by their number."""
