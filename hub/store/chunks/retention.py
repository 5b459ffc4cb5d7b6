"""Retention: delete old data in bounded slices, so that no commit waits long for a slice.

::

    log      is compacted first (log_is_due): retention never deletes from it
    chunk    deleted if it is older than the raw bound; cut, with the same id, if it reaches over the bound.
             If it is active, its expired points are added to the rollups first
    minutes  deleted if they are older than their bound, only whole rows; then hours in the same way
    series   of deleted devices: first the chunks, then the rollups, then the row in dropped_series, which frees the id

A transaction that deletes from a series also writes into the row of the series what is left: all readings from
``raw_from`` on, and all minutes from ``minutes_from`` on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from hub.store.base import Retention
from hub.store.chunks.codec import decode
from hub.store.chunks.compaction import ROW, rows
from hub.store.chunks.rollups import ENTRIES, HOUR, MINUTE, write_rollups
from hub.store.connection import JsonList, SqlConnection, to_json
from hub.store.points import Points
from hub.store.rows import reading_history
from hub.store.series import series_where

SLICE = 10_000
"""Maximum number of readings or rows that one transaction deletes (about 50 ms)."""
CHUNKS = 500
"""Maximum number of chunks that one transaction deletes or cuts."""

MAX_REJECTIONS = 50_000
"""Maximum number of rejected messages that are kept, so that a flood of them does not fill the disk."""

_DROPPED = """SELECT id FROM dropped_series
    WHERE NOT EXISTS (SELECT 1 FROM batch WHERE batch.id <= dropped_series.last_batch) LIMIT 1"""

# Series of deleted devices of which the log may still have points.
_HELD = """SELECT 1 FROM dropped_series
    WHERE EXISTS (SELECT 1 FROM batch WHERE batch.id <= dropped_series.last_batch) LIMIT 1"""

# Sealed and active chunks have an index each.
_CHUNKS = """
    SELECT * FROM (SELECT id, series, first, last, count, 0 FROM chunk WHERE NOT active AND {} LIMIT ?1) AS sealed
    UNION ALL
    SELECT * FROM (SELECT id, series, first, last, count, 1 FROM chunk WHERE active AND {} LIMIT ?1) AS growing
    LIMIT ?1"""
_OF_SERIES = _CHUNKS.format("series = ?2", "series = ?2")
_BEFORE = "first < ?2 AND series {} IN (SELECT value FROM json_each(?3))"
_BEFORE_ACTIVE = "first / 60000 <= ?2 / 60000 AND " + _BEFORE
_OLD_OF_SERIES = _CHUNKS.format(_BEFORE.format(""), _BEFORE_ACTIVE.format(""))
_OLD_OTHERS = _CHUNKS.format(
    _BEFORE.format("NOT") + " ORDER BY first", _BEFORE_ACTIVE.format("NOT") + " ORDER BY first / 60000"
)

_BODIES = "SELECT series, first, body FROM chunk WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"

_DELETE_CHUNKS = "DELETE FROM chunk WHERE id IN (SELECT value FROM json_each(?))"
_UPDATE_CHUNK = f"UPDATE chunk SET {', '.join(f'{name} = ?' for name in ROW)} WHERE id = ?"  # noqa: S608 (our own words)

_ROLLUPS = """SELECT id, series FROM rollup
    WHERE step = ? AND first < ? AND series {} (SELECT value FROM json_each(?)) LIMIT ?"""
_RAISE_BOUND = """UPDATE series SET {0} = CASE WHEN {0} > ?1 THEN {0} ELSE ?1 END
    WHERE id IN (SELECT value FROM json_each(?2))"""

Chunk: TypeAlias = tuple[int, int, int, int, int, int]
"""A row of ``chunk``: ``(id, series, first, last, count, active)``; ``first`` and ``last`` are times in epoch ms."""

_OLD_ALERTS = """SELECT id FROM alert WHERE state = 'cleared' AND confirmed_at IS NULL AND cleared_at < ?
    ORDER BY cleared_at LIMIT ?"""

# Diagnoses of an alert are deleted with it; the first statement deletes those of devices and of deleted alerts.
_OLD = (
    """DELETE FROM diagnosis WHERE id IN (SELECT id FROM diagnosis WHERE created_at < ?1 AND
        (alert IS NULL OR NOT EXISTS (SELECT 1 FROM alert WHERE alert.id = diagnosis.alert)) LIMIT ?2)""",
    "DELETE FROM activity WHERE id IN (SELECT id FROM activity WHERE ts < ?1 LIMIT ?2)",
    "DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE finished AND ends_at < ?1 LIMIT ?2)",
    "DELETE FROM incident WHERE id IN (SELECT id FROM incident WHERE ended_at < ?1 LIMIT ?2)",
    "DELETE FROM rejection WHERE id IN (SELECT id FROM rejection WHERE received < ?1 LIMIT ?2)",
    "DELETE FROM command WHERE id IN (SELECT id FROM command WHERE settled_at < ?1 LIMIT ?2)",
)
# By id instead of a count of all rows: ids are dense.
_TOO_MANY_REJECTIONS = """DELETE FROM rejection WHERE id IN (
    SELECT id FROM rejection WHERE id <= (SELECT max(id) FROM rejection) - ? LIMIT ?)"""


def log_is_due(connection: SqlConnection, before: int) -> bool:
    """Return True if the log must be compacted before old data can be deleted.

    This is so if the log has points older than ``before`` (epoch ms), or points of deleted devices: retention never
    deletes from the log.
    """
    old = connection.execute("SELECT 1 FROM batch WHERE first < ? LIMIT 1", (before,)).fetchone()
    return bool(old or connection.execute(_HELD).fetchone())


def expire_slice(connection: SqlConnection, retentions: Sequence[Retention]) -> int:
    """Delete expired data in one short transaction, and return about how many rows and readings were deleted.

    Not much more than :data:`SLICE` rows and readings are deleted at once. Call this again until it returns 0; see
    :meth:`hub.store.base.Store.expire`.
    """
    before = retentions[-1].raw
    with reading_history(), connection.transaction():
        deleted = _expire_dropped(connection)  # first: it frees ids of series, and the disk space of deleted devices
        if not deleted:
            deleted = _expire_series(connection, retentions)
        if deleted < SLICE:
            deleted += _expire_alerts(connection, before, SLICE - deleted)
        for statement in _OLD:
            if deleted < SLICE:
                deleted += connection.execute(statement, (before, SLICE - deleted)).rowcount
        if deleted < SLICE:
            deleted += connection.execute(_TOO_MANY_REJECTIONS, (MAX_REJECTIONS, SLICE - deleted)).rowcount
        return deleted


def _expire_dropped(connection: SqlConnection) -> int:
    deleted = 0
    while deleted < SLICE and (dropped := connection.execute(_DROPPED).fetchone()):
        chunks = connection.rows(list[Chunk], _OF_SERIES, CHUNKS, dropped[0])
        chunks = chunks[: _slice_length(chunks)]
        connection.execute(_DELETE_CHUNKS, (_ids(chunks),))
        if not chunks:
            # The row in dropped_series goes last: it is what leads to the chunks and rollups after a crash.
            connection.execute("DELETE FROM rollup WHERE series = ?", dropped)
            connection.execute("DELETE FROM dropped_series WHERE id = ?", dropped)
        deleted += sum(chunk[4] for chunk in chunks) + 1  # a series without readings counts as work, too
    return deleted


def _expire_series(connection: SqlConnection, retentions: Sequence[Retention]) -> int:
    """Apply to each series the first retention that matches the series. Return how many readings and rows were deleted.

    The last retention applies to all series that no other retention matches.
    """
    matched: set[int] = set()
    deleted = 0
    for retention in retentions[:-1]:
        where, values = series_where(retention.devices, retention.metric)
        matching = connection.rows(list[int], f"SELECT id FROM series WHERE {where}", *values)  # noqa: S608 (our own words)
        own = sorted(set(matching) - matched)
        matched.update(own)
        if deleted < SLICE:
            deleted += _expire_readings(connection, retention, to_json(own), _OLD_OF_SERIES)
        if deleted < SLICE:
            deleted += _expire_rollups(connection, retention, to_json(own), "IN", SLICE - deleted)
    others = to_json(sorted(matched))
    if deleted < SLICE:
        deleted += _expire_readings(connection, retentions[-1], others, _OLD_OTHERS)
    if deleted < SLICE:
        deleted += _expire_rollups(connection, retentions[-1], others, "NOT IN", SLICE - deleted)
    return deleted


def _expire_readings(connection: SqlConnection, retention: Retention, series: JsonList, which: str) -> int:
    """Delete readings that are older than the retention allows. Return how many were deleted.

    Chunks (segments of compressed readings) that are entirely too old are deleted, and others are cut. If their points
    are in no rollup yet, they are added to the rollups first, so that minutes and hours remain.

    Args:
        connection: The connection that writes.
        retention: The retention.
        series: Ids of series, as JSON.
        which: A query for the chunks with expired readings, of ``series`` or of all other series.
    """
    before = retention.raw
    chunks = connection.rows(list[Chunk], which, CHUNKS, before, series)
    chunks = chunks[: _slice_length(chunks)]
    if not chunks:
        return 0
    owners = {chunk[1] for chunk in chunks}
    # From now on queries before the bound use the rollups, also for chunks that a later slice deletes.
    connection.execute(_RAISE_BOUND.format("raw_from"), (before, to_json(sorted(owners))))
    with reading_history(owners):
        if active := [chunk for chunk in chunks if chunk[5]]:  # their points are in no rollup yet
            points = _points(connection, active).in_order()
            write_rollups(connection, points.take(points.ts < before))
        connection.execute(_DELETE_CHUNKS, (_ids([chunk for chunk in chunks if chunk[3] < before]),))
        deleted = sum(chunk[4] for chunk in chunks if chunk[3] < before)
        return deleted + sum(_cut(connection, chunk, before) for chunk in chunks if chunk[3] >= before)


def _cut(connection: SqlConnection, chunk: Chunk, before: int) -> int:
    """Remove the points before ``before`` from a chunk, and return how many.

    The chunk keeps its id, because points of the same time are ordered by the ids of their chunks.
    """
    points = _points(connection, [chunk])
    kept = points.take(points.ts >= before)
    # A cut chunk stays active or sealed: the points of a sealed one are in the rollups already.
    (row,) = rows(kept, np.zeros(1, np.int64), np.array([not chunk[5]]))
    connection.execute(_UPDATE_CHUNK, (*row, chunk[0]))
    return len(points) - len(kept)


def _points(connection: SqlConnection, chunks: Sequence[Chunk]) -> Points:
    found = connection.rows(list[tuple[int, int, bytes]], _BODIES, _ids(chunks))
    series, firsts, bodies = zip(*found, strict=True)
    return decode(series, firsts, bodies)


def _slice_length(chunks: Sequence[Chunk]) -> int:
    """Return how many chunks, counted from the first one, have at most :data:`SLICE` points in total.

    The number is at least 1, even if the first chunk has more points.
    """
    ends = np.cumsum([chunk[4] for chunk in chunks])
    return max(int(np.searchsorted(ends, SLICE, "right")), 1)


def _expire_rollups(connection: SqlConnection, retention: Retention, series: JsonList, which: str, limit: int) -> int:
    """Delete the rows of rollups that contain only expired entries, and return the number of deleted rows.

    Args:
        connection: The connection to the database.
        retention: The times before which minutes and hours have expired.
        series: The ids of series, as a JSON array.
        which: ``IN`` to delete rows of these series, ``NOT IN`` to delete rows of all other series.
        limit: The most rows of minutes, and also the most rows of hours, to delete.
    """
    deleted = 0
    # A coarser tier is never deleted before a finer one.
    minutes = min(retention.raw, retention.minutes)
    for step, before, bound in ((MINUTE, minutes, "minutes_from"), (HOUR, min(minutes, retention.hours), None)):
        # A row is deleted as a whole, so the bound is rounded down to the beginning of a row.
        first = before // (step * ENTRIES) * (step * ENTRIES)
        found = connection.rows(list[tuple[int, int]], _ROLLUPS.format(which), step, first, series, limit)
        # Hours have no bound: there is no coarser tier that could serve instead.
        if found and bound:
            owners = to_json(sorted({owner for _, owner in found}))
            connection.execute(_RAISE_BOUND.format(bound), (first, owners))
        connection.execute("DELETE FROM rollup WHERE id IN (SELECT value FROM json_each(?))", (_ids(found),))
        deleted += len(found)
    return deleted


def _ids(rows: Sequence[tuple[int, ...]]) -> JsonList:
    """Return the ids of rows (their first columns) as JSON, for ``json_each`` in a query."""
    return to_json([row[0] for row in rows])


def _expire_alerts(connection: SqlConnection, before: int, limit: int) -> int:
    ids = connection.execute(_OLD_ALERTS, (before, limit)).fetchall()
    # Their diagnoses and histories go with them.
    deleted = sum(connection.execute("DELETE FROM diagnosis WHERE alert = ?", row).rowcount for row in ids)
    deleted += sum(connection.execute("DELETE FROM alert_entry WHERE alert = ?", row).rowcount for row in ids)
    deleted += sum(connection.execute("DELETE FROM alert WHERE id = ?", row).rowcount for row in ids)
    return deleted
