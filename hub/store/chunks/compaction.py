"""From the log into chunks, a bounded slice at a time. A batch goes only when all its points are in chunks.

A fold takes the batches that are there when it begins, up to the checkpoint: what comes after it is still needed to
complete the states of devices. It goes through their series in the order of their numbers, some in each transaction;
then it deletes the batches, some in each. How far it has come stands in ``progress`` and is written with the chunks, so
a crash between two slices, or in one, loses and doubles nothing.

What it costs goes by the chunks that it writes, far more than by their points. So where there are many series it waits
for several points of each.

A chunk that is full is closed: its points enter the rollups with it, and it is never put together with others again.
One with points from before the time up to which its series has expired stays open, until expiry has taken them.

A series' newest chunk is not full for long: new points are put together with those of the chunks before, as long as
these hold no more than what there is by then. So each point is written again about ``log2(416 / new points)`` times,
and a series has few chunks that are not full.

Of points at one time those in the chunk with the lower number came first: only the newest chunks of a series are ever
put together, and what comes of it has a higher number than all.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec
import numpy as np

from hub.store.chunks.codec import POINTS, decode, encode, summarise
from hub.store.chunks.rollups import marks_of, write_rollups
from hub.store.connection import insert_columns, transaction
from hub.store.points import Ints, Mask, Points, join
from hub.store.rows import read_json, reading_history, to_json
from hub.store.wal.memtable import Memtable, run_set

SLICE_POINTS = 16_384
SLICE_SERIES = 2_048
"""At most so much in one transaction (some 20 ms); a series alone may be more."""
SLICE_BATCHES = 2_048
DROPPED_POINTS = 262_144
"""And so much of the log goes in one, once it is folded."""

FOLDED = 1 << 62
"""In the place of a series' number: all are in chunks, and what is left of the fold is to delete the batches."""

_LOG_POINTS = (65_536, 524_288, 4_194_304)
_POINTS_A_SERIES = (416, 16)
"""A fold is due with the first number of points, or with 416 a series where these are no more than the second, or with
16 a series where these are no more than the third. In memory a point of the log takes 26 bytes."""

_OPEN = """SELECT json_group_array(id), json_group_array(series), json_group_array(first), json_group_array(count),
    json_group_array(length(body)), group_concat(hex(body), '') FROM chunk WHERE active AND series """
_OPEN_BETWEEN = _OPEN + "BETWEEN ? AND ?"
_OPEN_OF = _OPEN + "IN (SELECT value FROM json_each(?))"  # noqa: S608 (our own words)

_DELETE = "DELETE FROM chunk WHERE id IN (SELECT value FROM json_each(?))"

_EXPIRED = """SELECT json_group_array(json_array(id, raw_from)) FROM series
    WHERE id IN (SELECT value FROM json_each(?)) AND raw_from IS NOT NULL"""

_DROPPED = "SELECT json_group_array(id) FROM dropped_series WHERE id >= ? AND id < ?"

_FOLDED_BATCHES = """SELECT json_group_array(json_array(id, points))
    FROM (SELECT id, points FROM batch WHERE id <= ? ORDER BY id LIMIT ?)"""

_decode_numbers = msgspec.json.Decoder(list[int]).decode


def is_due(points: int, series: int) -> bool:
    """True when a fold of so many points is worth its while."""
    return points >= _wanted(series)


def is_urgent(log: Memtable, series: int) -> bool:
    """True when commits have to wait for the fold, so that the log stays bounded."""
    return len(log) >= max(2 * _wanted(series), 4 * _LOG_POINTS[1])


def _wanted(series: int) -> int:
    least, usual, most = _LOG_POINTS
    many, few = _POINTS_A_SERIES
    return max(least, min(many * series, usual), min(few * series, most))


class CompactionPace:
    """Of one fold: how many slices go behind a commit. As many as bring into chunks what came meanwhile, or a fold of
    many series would never end when each commit brings more than a slice has."""

    def __init__(self, log: Memtable) -> None:
        self._log = log
        self._came = log.came

    def slices(self) -> int:
        came, self._came = self._log.came - self._came, self._log.came
        return 1 + came // SLICE_POINTS


def compact_slice(connection: sqlite3.Connection, log: Memtable) -> bool:
    """Fold a slice of the log; True when the fold is not done with it. Begins one where none is under way."""
    with transaction(connection):
        upto, below, checkpoint = connection.execute(
            "SELECT compacting_upto, compacting_below, checkpoint FROM progress"
        ).fetchone()
        first, newest = connection.execute("SELECT min(id), max(id) FROM batch WHERE id <= ?", (checkpoint,)).fetchone()
        if first is None:
            return False
        if below == FOLDED:
            more = _drop_batches(connection, upto)
            progress = (upto, FOLDED) if more else (0, 0)
        else:
            if not below:
                upto = newest
                log.sort()
            part = run_set(connection, log, first, upto).slice(below, SLICE_POINTS, SLICE_SERIES)
            points = _without_dropped(connection, part.points, below, part.bound)
            with reading_history(points.series):
                write_points(connection, points)
            more = True
            progress = (upto, part.bound if part.more else FOLDED)
        connection.execute("UPDATE progress SET compacting_upto = ?, compacting_below = ?", progress)
    if not more:
        log.forget(upto)
    return more


def _drop_batches(connection: sqlite3.Connection, upto: int) -> bool:
    """Delete some of the batches up to ``upto``; True while there are more."""
    found = read_json(connection, list[tuple[int, int]], _FOLDED_BATCHES, upto, SLICE_BATCHES)
    ends = np.cumsum([points for _, points in sorted(found)])
    last = max(int(np.searchsorted(ends, DROPPED_POINTS, "right")), 1) - 1
    connection.execute("DELETE FROM batch WHERE id <= ?", (found[last][0],))
    return found[last][0] < upto


def _without_dropped(connection: sqlite3.Connection, points: Points, low: int, before: int) -> Points:
    dropped = read_json(connection, list[int], _DROPPED, low, before)
    return points.take(~np.isin(points.series, dropped)) if dropped else points


def write_points(connection: sqlite3.Connection, points: Points) -> None:
    """Put points into chunks, in the caller's transaction. Of one series and time, they come in their order."""
    if not len(points):
        return
    points = points.in_order()
    older = _taken_out(connection, points.series)
    if older is not None:
        points = join([older, points]).in_order()
    starts = _cuts(points.series)
    counts = np.diff(np.append(starts, len(points)))
    closed = counts == POINTS
    full = starts[closed]
    closed[closed] = points.ts[full] >= _floors(connection, points.series[full])
    write_rollups(connection, points.take(np.repeat(closed, counts)))
    insert_columns(connection, f"INSERT INTO chunk ({', '.join(ROW)}) VALUES", _columns(points, starts, closed))


def _floors(connection: sqlite3.Connection, series: Ints) -> Ints:
    """Of each series, the time from which its points are all here."""
    if not len(series):
        return series
    found = read_json(connection, list[tuple[int, int]], _EXPIRED, to_json(np.unique(series).tolist()))
    known = np.array(found, np.int64).reshape(-1, 2)
    floors = np.full(len(series), np.iinfo(np.int64).min)
    if len(known):
        known = known[np.argsort(known[:, 0])]
        at = np.searchsorted(known[:, 0], series)
        expired = at < len(known)
        expired[expired] = known[at[expired], 0] == series[expired]
        floors[expired] = known[at[expired], 1]
    return floors


def _taken_out(connection: sqlite3.Connection, new: Ints) -> Points | None:
    """The points of the chunks that go into one with the new points, whose series are given in order; the chunks are
    deleted. None where there are none."""
    series, counts = np.unique(new, return_counts=True)
    low, high = int(series[0]), int(series[-1])
    if high - low < 2 * len(series):  # finding them by their numbers would take half as long as all the rest
        row = connection.execute(_OPEN_BETWEEN, (low, high)).fetchone()
    else:
        row = connection.execute(_OPEN_OF, (to_json(series.tolist()),)).fetchone()
    ids, owners, firsts, lengths, sizes = (np.array(_decode_numbers(text), np.int64) for text in row[:5])
    merged = _merged(ids, owners, lengths, series, counts)
    if not len(merged):
        return None
    connection.execute(_DELETE, (to_json(ids[merged].tolist()),))
    bodies, ends = bytes.fromhex(row[5]), np.cumsum(sizes)
    cuts = zip((ends - sizes)[merged].tolist(), ends[merged].tolist(), strict=True)
    return decode(owners[merged].tolist(), firsts[merged].tolist(), [bodies[a:b] for a, b in cuts])


def _merged(ids: Ints, owners: Ints, lengths: Ints, series: Ints, counts: Ints) -> Ints:
    """Which chunks go into one with ``counts`` new points of their ``series``, in the order of their numbers: of each
    series the newest, as long as one has no more points than what there is by then."""
    own = np.searchsorted(series, owners)
    known = own < len(series)
    known[known] = series[own[known]] == owners[known]
    order = np.lexsort((-ids, own))  # by series, the newest first
    order = order[known[order]]
    begins = np.flatnonzero(np.diff(own[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(begins, np.diff(np.append(begins, len(order))))
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
    """Where chunks begin: with each series, and after every :data:`~hub.store.chunks.codec.POINTS` of it."""
    begins = np.flatnonzero(np.diff(series, prepend=series[0] - 1))
    lengths = np.diff(np.append(begins, len(series)))
    within = np.arange(len(series)) - np.repeat(begins, lengths)
    return np.flatnonzero(within % POINTS == 0)


ROW = ("series", "first", "last", "count", "numbers", "summary", "marks", "active", "body")


def rows(points: Points, starts: Ints, closed: Mask) -> list[tuple[Any, ...]]:
    """The rows (:data:`ROW`) of the chunks into which ``starts`` cuts ``points``."""
    return list(zip(*_columns(points, starts, closed), strict=True))


def _columns(points: Points, starts: Ints, closed: Mask) -> list[list[Any]]:
    counts = np.diff(np.append(starts, len(points)))
    of = summarise(points, starts)
    summaries = np.stack([of.least, of.most, of.total], axis=1).astype(">f8").tobytes()
    cut = [summaries[at : at + 24] for at in range(0, len(summaries), 24)]
    numbers = [column.tolist() for column in (points.series[starts], of.first, of.last, counts, of.numbers)]
    marks = marks_of(points.quality, starts).tolist()
    return [*numbers, cut, marks, (~closed).tolist(), encode(points, starts)]
