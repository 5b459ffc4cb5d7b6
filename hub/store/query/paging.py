"""Read all readings of a series page by page: for exports, and for imports that must not store a reading twice."""

from __future__ import annotations

import numpy as np

from hub.model import Page
from hub.store.chunks.codec import decode
from hub.store.connection import SqlConnection, to_json
from hub.store.points import QUALITIES, Points, join
from hub.store.query.query_plan import MAX_TS
from hub.store.rows import reading_history
from hub.store.wal.memtable import Memtable, fresh_points

_NUMBER = "SELECT id FROM series WHERE device = ? AND metric = ?"

_HEADS = """SELECT id, first, count FROM chunk WHERE NOT active AND series = ?1 AND last >= ?2 AND first <= ?3
    UNION ALL SELECT id, first, count FROM chunk WHERE active AND series = ?1 AND last >= ?2 AND first <= ?3
    ORDER BY first"""

_BODIES = "SELECT first, body FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"


def read_page(
    connection: SqlConnection, memtable: Memtable, device: str, metric: str, start: int, end: int, limit: int
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
    connection: SqlConnection, fresh: Points, series: int, start: int, end: int, limit: int
) -> tuple[Points, int | None]:
    """Return about ``limit`` points of one series in the order of time, and the time from which the next page begins.

    That time is None if there are no further points. ``fresh`` are the points of the series that are not in chunks yet.
    """
    # A page has all chunks up to the limit, and all chunks that begin before `start`: chunks may overlap in time.
    heads = connection.rows(list[tuple[int, int, int]], _HEADS, series, start, end)
    taken = int(np.searchsorted(np.cumsum([count for _, _, count in heads]), limit)) + 1
    while taken < len(heads) and heads[taken][1] <= start:
        taken += 1
    following = heads[taken][1] if taken < len(heads) else None
    ids = [number for number, _, _ in heads[:taken]]
    found = connection.rows(list[tuple[int, bytes]], _BODIES, to_json(ids))
    stored = decode([series] * len(found), [first for first, _ in found], [body for _, body in found])
    points = join([stored, fresh])
    inside = (points.ts >= start) & (points.ts <= (end if following is None else following - 1))
    return points.take(inside).in_order(), following
