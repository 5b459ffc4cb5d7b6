"""Read all readings of a series page by page: for exports, and for imports that must not store a reading twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from hub.model import Page
from hub.store.chunks.codec import decode
from hub.store.points import QUALITIES, Points, join
from hub.store.query.query_plan import MAX_TS
from hub.store.rows import read_json, reading_history, to_json
from hub.store.wal.memtable import Memtable, fresh_points

_SERIES = """SELECT device, metric FROM series
    WHERE (?1 IS NULL OR device IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR metric GLOB ?2)
    ORDER BY device, metric"""

_NUMBER = "SELECT id FROM series WHERE device = ? AND metric = ?"

_HEADS = """SELECT json_group_array(json_array(id, first, count)) FROM (
    SELECT id, first, count FROM chunk WHERE NOT active AND series = ?1 AND last >= ?2 AND first <= ?3
    UNION ALL SELECT id, first, count FROM chunk WHERE active AND series = ?1 AND last >= ?2 AND first <= ?3
    ORDER BY first)"""

_BODIES = """SELECT json_group_array(json_array(id, first, hex(body))) FROM (
    SELECT id, first, body FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id)"""


def read_series(
    connection: sqlite3.Connection, devices: Sequence[str] | None, metric: str | None
) -> list[tuple[str, str]]:
    """See :meth:`hub.store.base.Store.series`."""
    wanted = None if devices is None else to_json(list(devices))
    return connection.execute(_SERIES, (wanted, metric)).fetchall()


def read_page(
    connection: sqlite3.Connection, memtable: Memtable, device: str, metric: str, start: int, end: int, limit: int
) -> Page:
    """Return one page of the single readings of a metric, as :meth:`hub.store.base.Store.readings` describes."""
    # SQLite's integers have 64 bits; the bounds of a request may be larger.
    start, end = max(start, -MAX_TS), min(end, MAX_TS)
    row = connection.execute(_NUMBER, (device, metric)).fetchone()
    if row is None:
        return Page(device, metric, [])
    fresh = fresh_points(connection, memtable, row)
    with reading_history(row):
        points, following = series_points(connection, fresh, row[0], start, end, limit)
        qualities = [QUALITIES[code] for code in points.quality.tolist()]
        return Page(device, metric, list(zip(points.ts.tolist(), points.values(), qualities, strict=True)), following)


def series_points(
    connection: sqlite3.Connection, fresh: Points, series: int, start: int, end: int, limit: int
) -> tuple[Points, int | None]:
    """Return about ``limit`` points of one series in the order of time, and the time from which the next page begins.

    That time is None if there are no further points. ``fresh`` are the points of the series that are not in chunks yet.
    """
    # A page has all chunks up to the limit, and all chunks that begin before `start`: chunks may overlap in time.
    heads = read_json(connection, list[tuple[int, int, int]], _HEADS, series, start, end)
    taken = int(np.searchsorted(np.cumsum([count for _, _, count in heads]), limit)) + 1
    while taken < len(heads) and heads[taken][1] <= start:
        taken += 1
    following = heads[taken][1] if taken < len(heads) else None
    ids = [number for number, _, _ in heads[:taken]]
    found = read_json(connection, list[tuple[int, int, str]], _BODIES, to_json(ids))
    stored = decode([series] * len(found), [first for _, first, _ in found], [bytes.fromhex(b) for _, _, b in found])
    points = join([stored, fresh])
    inside = (points.ts >= start) & (points.ts <= (end if following is None else following - 1))
    return points.take(inside).in_order(), following
