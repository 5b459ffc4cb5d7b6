"""The step from one row a reading, as versions up to format 4 kept them, to chunks. Only an upgrade needs it."""

from __future__ import annotations

import sqlite3

import msgspec
import numpy as np

from hub.model import Quality, Value
from hub.store.columns import QUALITY_CODES, Columns, coded
from hub.store.connection import transaction
from hub.store.folding import write_points

SLICE = 50_000
"""Rows in one transaction."""

# quote writes a double so that it reads back exactly; sqlite's own JSON rounds it to 15 digits.
_READINGS = """SELECT '[' || group_concat('[' || ts || ',' || n || ',' || CASE typeof(value)
    WHEN 'real' THEN quote(value) WHEN 'integer' THEN CASE value WHEN 0 THEN 'false' ELSE 'true' END
    ELSE json_quote(value) END || ',' || json_quote(coalesce(quality, 'good')) || ']') || ']'
FROM (SELECT ts, n, value, quality FROM reading WHERE series = ? ORDER BY ts, n LIMIT ?)"""

_decode = msgspec.json.Decoder(list[tuple[int, int, float | bool | str, Quality]]).decode


def move_readings(connection: sqlite3.Connection) -> bool:
    """Move up to :data:`SLICE` readings of one series into chunks; False when there is none left."""
    with transaction(connection):
        series = connection.execute("SELECT min(series) FROM reading").fetchone()[0]
        if series is None:
            return False
        rows = sorted(_decode(connection.execute(_READINGS, (series, SLICE)).fetchone()[0]), key=lambda row: row[:2])
        if connection.execute("SELECT 1 FROM series WHERE id = ?", (series,)).fetchone():
            write_points(connection, _columns(series, rows))
        connection.execute("DELETE FROM reading WHERE series = ? AND (ts, n) <= (?, ?)", (series, *rows[-1][:2]))
        return True


def _columns(series: int, rows: list[tuple[int, int, Value, Quality]]) -> Columns:
    value, kind, texts = coded([row[2] for row in rows])
    return Columns(
        np.full(len(rows), series),
        np.array([row[0] for row in rows], np.int64),
        value,
        np.zeros(len(rows), np.uint8) if kind is None else kind,
        np.array([QUALITY_CODES[row[3]] for row in rows], np.uint8),
        texts,
    )
