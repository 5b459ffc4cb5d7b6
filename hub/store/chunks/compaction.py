"""Compaction: move points from the write-ahead log into compressed chunks, one slice per transaction.

A chunk has up to :data:`~hub.store.chunks.codec.POINTS` points of one series, and one of two states::

    active ──▶ sealed
      │  full, and none of its points is older than the series' raw retention bound
      │
      └─ rewritten: new points of its series are merged into it

- The points of an *active* chunk are in no rollup. Compaction may delete it and write its points again, with newer
  ones, into another chunk.
- A chunk is *sealed* when it is full; in the same transaction its points are added to the rollups. It is never merged
  again; only retention cuts or deletes it.
- A full chunk with points from before the series' raw retention bound (late data) stays active until retention has
  moved these to the rollups: otherwise they would be counted twice.

One compaction, whose progress is in the row ``progress`` (``compacting_upto``, ``compacting_below``)::

    0, 0             none is under way
      │ begin: take the batches up to the checkpoint
      ▼
    upto, below      the series with ids below `below` are in chunks; one transaction per slice
      │ no series is left
      ▼
    upto, ALL_SERIES delete the batches up to `upto`; one transaction per slice
      │ none is left: Memtable.forget(upto)
      ▼
    0, 0

Invariants:

- Progress is written in the transaction of the slice, so a crash between or during slices neither loses nor
  doubles points.
- A batch is deleted only after all its points are in chunks. Batches after the checkpoint are not compacted: their
  records complete the states of devices at start-up.
- Of points with the same time, the points in the chunk with the lower id are older: only the newest chunks are
  merged, and the result has the highest id.

The cost of a compaction depends far more on the number of chunks that it writes than on their points. So a compaction
waits until the log has several points of each series. It merges them with the newest active chunk of the series, then
with the next older one, and so on, until a chunk has more points than the result (as in a log-structured merge tree).
So each point is written about ``log2(416 / new points)`` times, and a series has few active chunks.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from hub.store.chunks.codec import POINTS, decode, encode, summarise
from hub.store.chunks.rollups import marks_of, write_rollups
from hub.store.connection import SqlConnection, insert_columns, to_json
from hub.store.points import Ints, Mask, Points, join
from hub.store.rows import reading_history
from hub.store.wal.memtable import Memtable, run_set

SLICE_POINTS = 16_384
SLICE_SERIES = 2_048
"""Maximum numbers of points and series that one transaction moves (about 20 ms); one series may have more points."""
SLICE_BATCHES = 2_048
DROPPED_POINTS = 262_144
"""Maximum numbers of batches and points that one transaction deletes from the log."""

ALL_SERIES = 1 << 62
"""Value of ``compacting_below`` while all series are in chunks and the batches are being deleted."""

_LOG_POINTS = (65_536, 524_288, 4_194_304)
_POINTS_A_SERIES = (416, 16)
"""Compaction is due at ``max(a, min(416 * series, b), min(16 * series, c))`` points; ``_LOG_POINTS`` is ``(a, b, c)``.

A point of the log takes 26 bytes of memory.
"""

_ACTIVE = "SELECT id, series, first, count, body FROM chunk WHERE active AND series "
_ActiveChunk: TypeAlias = tuple[int, int, int, int, bytes]
_ACTIVE_BETWEEN = _ACTIVE + "BETWEEN ? AND ?"
_ACTIVE_OF = _ACTIVE + "IN (SELECT value FROM json_each(?))"  # noqa: S608 (our own words)

_DELETE = "DELETE FROM chunk WHERE active AND id IN (SELECT value FROM json_each(?))"

_EXPIRED = """SELECT id, raw_from FROM series
    WHERE id IN (SELECT value FROM json_each(?)) AND raw_from IS NOT NULL"""

_DROPPED = "SELECT id FROM dropped_series WHERE id >= ? AND id < ?"

_BATCHES = "SELECT id, points FROM batch WHERE id <= ? ORDER BY id LIMIT ?"


def is_due(points: int, series: int) -> bool:
    """Return True if the log has so many points that a compaction is worth its cost."""
    return points >= _due_points(series)


def is_urgent(memtable: Memtable, series: int) -> bool:
    """Return True if the log has so many points that commits must wait until the compaction has shortened it."""
    return len(memtable) >= max(2 * _due_points(series), 4 * _LOG_POINTS[1])


def _due_points(series: int) -> int:
    lowest, middle, highest = _LOG_POINTS
    many, few = _POINTS_A_SERIES
    return max(lowest, min(many * series, middle), min(few * series, highest))


class CompactionPace:
    """Decides how many slices (transactions) of a compaction follow a commit.

    The number grows with the points added since the last call, so a compaction ends even if many points arrive.
    """

    def __init__(self, memtable: Memtable) -> None:
        self._memtable = memtable
        self._total_added = memtable.total_added  # at the last call

    def slices(self) -> int:
        """Return how many slices of the compaction to run now.

        It is one slice, and one more for each :data:`SLICE_POINTS` points that were added since the last call.
        """
        added, self._total_added = self._memtable.total_added - self._total_added, self._memtable.total_added
        return 1 + added // SLICE_POINTS


def compact_slice(connection: SqlConnection, memtable: Memtable) -> bool:
    """Move the next portion (slice) of points from the log into chunks. Return True if there is more to do."""
    with connection.transaction():
        upto, below, checkpoint = connection.execute(
            "SELECT compacting_upto, compacting_below, checkpoint FROM progress"
        ).fetchone()
        first, newest = connection.execute("SELECT min(id), max(id) FROM batch WHERE id <= ?", (checkpoint,)).fetchone()
        if first is None:  # no batch before the checkpoint
            return False
        if below == ALL_SERIES:
            more = _drop_batches(connection, upto)
            progress = (upto, ALL_SERIES) if more else (0, 0)
        else:
            if not below:  # begin another compaction, of all batches before the checkpoint
                upto = newest
                memtable.sort()
            page = run_set(connection, memtable, first, upto).slice(below, SLICE_POINTS, SLICE_SERIES)
            # Points of deleted devices are removed only now, because a batch of the log is never rewritten.
            points = _without_dropped(connection, page.points, below, page.bound)
            # If a chunk to merge is damaged, the error names its series, so that the chunk can be moved aside.
            with reading_history(points.series):
                write_points(connection, points)
            more = True
            progress = (upto, page.bound if page.more else ALL_SERIES)
        connection.execute("UPDATE progress SET compacting_upto = ?, compacting_below = ?", progress)
    if not more:  # after the commit: until then, queries may see the batches and need their points
        memtable.forget(upto)
    return more


def _drop_batches(connection: SqlConnection, upto: int) -> bool:
    """Delete some batches of the log, the lowest numbers first. Return True if others up to ``upto`` are left."""
    found = connection.rows(list[tuple[int, int]], _BATCHES, upto, SLICE_BATCHES)
    ends = np.cumsum([points for _, points in sorted(found)])
    last = max(int(np.searchsorted(ends, DROPPED_POINTS, "right")), 1) - 1  # at least one, however many points it has
    connection.execute("DELETE FROM batch WHERE id <= ?", (found[last][0],))
    return found[last][0] < upto


def _without_dropped(connection: SqlConnection, points: Points, low: int, before: int) -> Points:
    """Return the points without those of deleted devices.

    The ids of the points' series are at least ``low`` and less than ``before``.
    """
    dropped = connection.rows(list[int], _DROPPED, low, before)
    return points.take(~np.isin(points.series, dropped)) if dropped else points


def write_points(connection: SqlConnection, points: Points) -> None:
    """Write points into compressed chunks, in the caller's transaction. Points of the same time keep their order."""
    if not len(points):
        return
    points = points.in_order()
    older = _take_active(connection, points.series)
    if older is not None:  # the older points first: the sort is stable, so points of the same time keep their order
        points = join([older, points]).in_order()
    starts = _cuts(points.series)
    counts = np.diff(np.append(starts, len(points)))
    sealed = counts == POINTS
    # A full chunk with points before the raw bound stays active: see the states at the top.
    full = starts[sealed]
    sealed[sealed] = points.ts[full] >= _raw_bounds(connection, points.series[full])
    write_rollups(connection, points.take(np.repeat(sealed, counts)))
    insert_columns(connection, f"INSERT INTO chunk ({', '.join(ROW)}) VALUES", _columns(points, starts, sealed))


def _raw_bounds(connection: SqlConnection, series: Ints) -> Ints:
    """Return, for each series, the time before which its readings were deleted; the smallest int64 if none were."""
    if not len(series):
        return series
    found = connection.rows(list[tuple[int, int]], _EXPIRED, to_json(np.unique(series).tolist()))
    known = np.array(found, np.int64).reshape(-1, 2)
    bounds = np.full(len(series), np.iinfo(np.int64).min)
    if len(known):
        known = known[np.argsort(known[:, 0])]
        at = np.searchsorted(known[:, 0], series)
        expired = at < len(known)
        expired[expired] = known[at[expired], 0] == series[expired]
        bounds[expired] = known[at[expired], 1]
    return bounds


def _take_active(connection: SqlConnection, new: Ints) -> Points | None:
    """Delete the growing (active) chunks to which new points will be added, and return the points of these chunks.

    ``new`` has the series id of each new point, sorted. Return None if there are no such chunks.
    """
    series, counts = np.unique(new, return_counts=True)
    low, high = int(series[0]), int(series[-1])
    if high - low < 2 * len(series):  # ids are dense: one range is much faster than looking up each id
        found = connection.rows(list[_ActiveChunk], _ACTIVE_BETWEEN, low, high)
    else:
        found = connection.rows(list[_ActiveChunk], _ACTIVE_OF, to_json(series.tolist()))
    if not found:
        return None
    *columns, bodies = zip(*found, strict=True)
    ids, owners, firsts, lengths = (np.array(column, np.int64) for column in columns)
    merged = _merged(ids, owners, lengths, series, counts)
    if not len(merged):
        return None
    connection.execute(_DELETE, (to_json(ids[merged].tolist()),))
    return decode(owners[merged].tolist(), firsts[merged].tolist(), [bodies[place] for place in merged.tolist()])


def _merged(ids: Ints, owners: Ints, lengths: Ints, series: Ints, counts: Ints) -> Ints:
    """Return the indices of the active chunks to merge with new points, ordered by the ids of the chunks.

    From each series the newest chunks are taken, up to the first chunk that is larger than the new points and the newer
    chunks together.

    Args:
        ids: The id of each chunk.
        owners: The series of each chunk.
        lengths: The number of points of each chunk.
        series: The series that have new points, sorted.
        counts: The number of new points of each of these series.
    """
    own = np.searchsorted(series, owners)  # index of each chunk's series; the range may have chunks of other series
    known = own < len(series)
    known[known] = series[own[known]] == owners[known]
    order = np.lexsort((-ids, own))  # by series, the newest first
    order = order[known[order]]
    begins = np.flatnonzero(np.diff(own[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
    # Go through the newest chunk of all series at once, then the second newest, and so on. A series stops at the first
    # chunk that is larger than what has been gathered: an older one must not be merged past it.
    total, going, merged = counts.copy(), np.ones(len(series), np.bool_), [order[:0]]
    for newest in range(int(rank.max(initial=-1)) + 1):
        at = order[rank == newest]
        at = at[going[own[at]]]
        fits = lengths[at] <= total[own[at]]
        going[own[at[~fits]]] = False
        total[own[at[fits]]] += lengths[at[fits]]
        merged.append(at[fits])
    chosen = np.concatenate(merged)
    return chosen[np.argsort(ids[chosen])]


def _cuts(series: Ints) -> Ints:
    """Return the indices at which chunks begin: where the series changes, and after each :data:`POINTS` points.

    ``series`` has the series id of each point, ascending.
    """
    begins = np.flatnonzero(np.diff(series, prepend=series[0] - 1))
    lengths = np.diff(np.append(begins, len(series)))
    within = np.arange(len(series)) - np.repeat(begins, lengths)
    return np.flatnonzero(within % POINTS == 0)


ROW = ("series", "first", "last", "count", "numbers", "summary", "marks", "active", "body")


def rows(points: Points, starts: Ints, sealed: Mask) -> list[tuple[Any, ...]]:
    """Split ``points`` into chunks at the indices ``starts``, and return the row (:data:`ROW`) of each chunk."""
    return list(zip(*_columns(points, starts, sealed), strict=True))


def _columns(points: Points, starts: Ints, sealed: Mask) -> list[list[Any]]:
    counts = np.diff(np.append(starts, len(points)))
    of = summarise(points, starts)
    # Big-endian: queries read the summary as part of a header in hexadecimal digits (HEAD in query/history.py).
    summaries = np.stack([of.minimum, of.maximum, of.total], axis=1).astype(">f8").tobytes()
    cut = [summaries[at : at + 24] for at in range(0, len(summaries), 24)]
    numbers = [column.tolist() for column in (points.series[starts], of.first, of.last, counts, of.numbers)]
    marks = marks_of(points.quality, starts).tolist()
    return [*numbers, cut, marks, (~sealed).tolist(), encode(points, starts)]
