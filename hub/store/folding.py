"""From the log into chunks, a bounded slice at a time. A batch goes only when all its points are in chunks.

A fold takes the batches that are there when it begins, up to the checkpoint: what comes after it is still needed to
complete the states of devices. It goes through their series in the order of their numbers,
some in each transaction. How far it has come stands in ``progress`` and is written with the chunks, so a crash
between two slices, or in one, loses and doubles nothing.

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
from collections.abc import Sequence

import msgspec
import numpy as np

from hub.store.chunks import POINTS, decode, encode, summarise
from hub.store.columns import Columns, Ints, Mask, join
from hub.store.connection import insert, transaction
from hub.store.log import Log, segment
from hub.store.rollups import marks_of, write_rollups

SLICE_POINTS = 16_384
SLICE_SERIES = 512
"""At most so much in one transaction (some 20 ms); a series alone may be more."""

_LOG_POINTS = (65_536, 524_288)
_POINTS_A_SERIES = 64

_OPEN = """SELECT json_group_array(json_array(series, id, first, count, hex(body)))
    FROM chunk WHERE open AND series IN (SELECT value FROM json_each(?))"""

_EXPIRED = """SELECT json_group_array(json_array(id, raw_from)) FROM series
    WHERE id IN (SELECT value FROM json_each(?)) AND raw_from IS NOT NULL"""

_decode_expired = msgspec.json.Decoder(list[tuple[int, int]]).decode
_decode_open = msgspec.json.Decoder(list[tuple[int, int, int, int, str]]).decode


def is_due(points: int, series: int) -> bool:
    """True when a fold of so many points is worth its while: about :data:`_POINTS_A_SERIES` points for each series at
    once, as far as memory goes (some 35 bytes a point)."""
    least, most = _LOG_POINTS
    return points >= min(max(least, _POINTS_A_SERIES * series), most)


def is_pressing(log: Log) -> bool:
    """True when commits have to wait for the fold, so that the log stays bounded."""
    return len(log) >= 4 * _LOG_POINTS[1]


def fold_slice(connection: sqlite3.Connection, log: Log) -> bool:
    """Fold a slice of the log; True when the fold is not done with it. Begins one where none is under way."""
    with transaction(connection):
        upto, below, checkpoint = connection.execute(
            "SELECT fold_upto, fold_below, checkpoint FROM progress"
        ).fetchone()
        first, newest = connection.execute("SELECT min(id), max(id) FROM batch WHERE id <= ?", (checkpoint,)).fetchone()
        if first is None:
            return False
        if not below:
            upto = newest
        points = segment(connection, log, first, upto)
        bound, more = _bound(points.series, below)
        chosen = points.take((points.series >= below) & (points.series < bound))
        write_points(connection, _without_dropped(connection, chosen))
        if not more:
            connection.execute("DELETE FROM batch WHERE id <= ?", (upto,))
        progress = (upto, bound) if more else (0, 0)
        connection.execute("UPDATE progress SET fold_upto = ?, fold_below = ?", progress)
    if not more:
        log.forget(upto)
    return more


def _bound(series: Ints, below: int) -> tuple[int, bool]:
    """The slice is ``below <= series < bound``; and whether there is more behind it."""
    left = series[series >= below]
    if not len(left):
        return below, False
    counts = np.bincount(left)
    fits = (np.cumsum(counts) <= SLICE_POINTS) & (np.cumsum(counts > 0) <= SLICE_SERIES)
    bound = max(int(np.count_nonzero(fits)), int(left.min()) + 1)
    return bound, bound < len(counts)


def _without_dropped(connection: sqlite3.Connection, points: Columns) -> Columns:
    text = connection.execute("SELECT json_group_array(id) FROM dropped_series").fetchone()[0]
    dropped = msgspec.json.decode(text, type=list[int])
    return points.take(~np.isin(points.series, dropped)) if dropped else points


def write_points(connection: sqlite3.Connection, points: Columns) -> None:
    """Put points into chunks, in the caller's transaction. Of one series and time, they come in their order."""
    if not len(points):
        return
    series, counts = np.unique(points.series, return_counts=True)
    merged = _to_merge(connection, dict(zip(series.tolist(), counts.tolist(), strict=True)))
    if merged:
        owners, ids, firsts, bodies = zip(*((s, i, t, bytes.fromhex(b)) for s, i, t, _, b in merged), strict=True)
        points = join([decode(owners, firsts, bodies), points])
        connection.execute(
            "DELETE FROM chunk WHERE id IN (SELECT value FROM json_each(?))", (msgspec.json.encode(ids).decode(),)
        )
    points = points.in_order()
    starts = _cuts(points.series)
    counts = np.diff(np.append(starts, len(points)))
    closed = (counts == POINTS) & (points.ts[starts] >= _floors(connection, points.series[starts]))
    write_rollups(connection, points.take(np.repeat(closed, counts)))
    insert(connection, f"INSERT INTO chunk ({', '.join(ROW)}) VALUES", rows(points, starts, closed))


def _floors(connection: sqlite3.Connection, series: Ints) -> Ints:
    """Of each series, the time from which its points are all here."""
    text = connection.execute(_EXPIRED, (msgspec.json.encode(np.unique(series).tolist()).decode(),)).fetchone()[0]
    known = np.array(_decode_expired(text), np.int64).reshape(-1, 2)
    floors = np.full(len(series), np.iinfo(np.int64).min)
    if len(known):
        known = known[np.argsort(known[:, 0])]
        at = np.searchsorted(known[:, 0], series)
        found = at < len(known)
        found[found] = known[at[found], 0] == series[found]
        floors[found] = known[at[found], 1]
    return floors


def _to_merge(connection: sqlite3.Connection, new: dict[int, int]) -> Sequence[tuple[int, int, int, int, str]]:
    """The chunks that go into one with the ``new`` points of their series, in the order of their numbers."""
    wanted = msgspec.json.encode(list(new)).decode()
    found = _decode_open(connection.execute(_OPEN, (wanted,)).fetchone()[0])
    merged, closed = [], set[int]()
    for chunk in sorted(found, key=lambda chunk: chunk[1], reverse=True):
        series, count = chunk[0], chunk[3]
        if series in closed or count > new[series]:
            closed.add(series)
            continue
        new[series] += count
        merged.append(chunk)
    return merged[::-1]


def _cuts(series: Ints) -> Ints:
    """Where chunks begin: with each series, and after every :data:`~hub.store.chunks.POINTS` of it."""
    begins = np.flatnonzero(np.diff(series, prepend=series[0] - 1))
    lengths = np.diff(np.append(begins, len(series)))
    within = np.arange(len(series)) - np.repeat(begins, lengths)
    return np.flatnonzero(within % POINTS == 0)


ROW = ("series", "first", "last", "count", "numbers", "summary", "marks", "open", "body")


def rows(points: Columns, starts: Ints, closed: Mask) -> list[tuple[int, int, int, int, int, bytes, int, bool, bytes]]:
    """The rows (:data:`ROW`) of the chunks into which ``starts`` cuts ``points``."""
    counts = np.diff(np.append(starts, len(points)))
    of = summarise(points, starts)
    summaries = np.stack([of.least, of.most, of.total], axis=1).astype(">f8").tobytes()
    cut = [summaries[24 * i : 24 * i + 24] for i in range(len(starts))]
    numbers = (points.series[starts], of.first, of.last, counts, of.numbers)
    columns = [column.tolist() for column in numbers]
    marks = marks_of(points.quality, starts).tolist()
    return list(zip(*columns, cut, marks, (~closed).tolist(), encode(points, starts), strict=True))
