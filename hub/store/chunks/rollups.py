"""Rollups: the minutes and hours of a series as minimum, maximum, sum and count.

What happens to a point and its rollups::

    point in the log or in an active chunk     in no rollup
    point in a sealed chunk                    added to its minute and its hour, in the transaction that seals the chunk
    sealed chunk deleted by retention          the minute and the hour stay
    minutes, and later hours, have expired     deleted by retention

Each point is in exactly one of three places: the log, an active chunk, or a sealed chunk *and* the rollups. Entries can
be added in any order, so late data needs no repair. Texts have no minimum and are left out.

A row has up to :data:`ENTRIES` entries of one series; its columns are packed like the columns of a chunk (codec.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from hub.store.chunks.codec import decode, encode
from hub.store.connection import SqlConnection, insert, to_json
from hub.store.points import Bytes, Floats, Ints, Mask, Points

MINUTE, HOUR = 60_000, 3_600_000
TIERS = (MINUTE, HOUR)
ENTRIES = 120
"""Entries of a full row: two hours of minutes, or five days of hours."""

# CROSS JOIN makes SQLite look up the row of each wanted key. Otherwise it may scan all rows.
_ROWS = """SELECT series, first, body FROM json_each(?) AS wanted
    CROSS JOIN rollup WHERE series = CAST(json_extract(value, '$[0]') AS BIGINT) AND step = ?
        AND first = CAST(json_extract(value, '$[1]') AS BIGINT)"""

_UPSERT = "ON CONFLICT (series, step, first) DO UPDATE SET body = excluded.body"

_RANGES = """SELECT CAST(json_extract(value, '$[0]') AS BIGINT), body FROM json_each(?) AS wanted
    CROSS JOIN rollup WHERE series = CAST(json_extract(value, '$[1]') AS BIGINT)
        AND step = CAST(json_extract(value, '$[2]') AS BIGINT)
        AND first BETWEEN CAST(json_extract(value, '$[3]') AS BIGINT) AND CAST(json_extract(value, '$[4]') AS BIGINT)"""


class RollupEntries(msgspec.Struct, frozen=True):
    """Entries as columns: index ``i`` of all arrays belongs to the same entry.

    Attributes:
        series: the id of the series.
        start: the beginning of the minute or hour, in epoch ms.
        count: the number of points in that minute or hour.
        minimum, maximum, total: minimum, maximum and sum of these points.
        marks: bit ``q`` is set if any of these points has the quality code ``q`` (points.py).
    """

    series: Ints
    start: Ints
    count: Ints
    minimum: Floats
    maximum: Floats
    total: Floats
    marks: Bytes

    def __len__(self) -> int:
        return len(self.start)

    def take(self, which: Mask | slice | Ints) -> RollupEntries:
        return RollupEntries(*(column[which] for column in msgspec.structs.astuple(self)))


class RollupBody(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The minutes or hours (entries) of one row of the table of rollups, as they are stored.

    ``minimum``, ``maximum``, ``total`` and ``counts`` are encoded like chunks (codec.py), with one point per entry.

    Attributes:
        first: When the first entry begins, in epoch ms.
        minimum: The minima. The times of the points are the times at which the entries begin.
        maximum: The maxima. Empty if all are equal to the minima, as for entries of one point.
        total: The sums. Empty if all are equal to the minima.
        counts: The numbers of points. Empty if all are 1.
        marks: One byte per entry, see :class:`RollupEntries`. Empty if all are 0.
    """

    first: int
    minimum: bytes
    maximum: bytes = b""
    total: bytes = b""
    counts: bytes = b""
    marks: bytes = b""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(RollupBody).decode


def marks_of(quality: Bytes, starts: Ints) -> Bytes:
    """Return for each part of ``quality`` a bit mask of the quality codes that occur in it.

    The parts begin at the indices ``starts``. Bit ``q`` stands for the code ``q``, but the code of good quality sets no
    bit.
    """
    # Bit 0 stands for good, which needs no mark.
    return np.bitwise_or.reduceat(np.left_shift(np.uint8(1), quality) & np.uint8(0xFE), starts)


def write_rollups(connection: SqlConnection, points: Points) -> None:
    """Add points, sorted by series and time, to their minutes and hours, in the caller's transaction."""
    points = points.numeric()
    if not len(points):
        return
    starts = np.arange(len(points))
    ones, marks = np.ones(len(points), np.int64), marks_of(points.quality, starts)
    found = RollupEntries(points.series, points.ts, ones, points.value, points.value, points.value, marks)
    for step in TIERS:  # hours are summed from the minutes
        found = _summed(msgspec.structs.replace(found, start=found.start // step * step))
        _write(connection, step, found)


def _summed(entries: RollupEntries) -> RollupEntries:
    """Merge neighbouring entries of the same series that begin at the same time (``start``) into one entry."""
    new = (np.diff(entries.series, prepend=-1) != 0) | (np.diff(entries.start, prepend=entries.start[:1] - 1) != 0)
    starts = np.flatnonzero(new)
    with np.errstate(over="ignore"):  # a sum may be infinite: `means` in query/downsampler.py allows for that
        total = np.add.reduceat(entries.total, starts)
    return RollupEntries(
        entries.series[starts],
        entries.start[starts],
        np.add.reduceat(entries.count, starts),
        np.minimum.reduceat(entries.minimum, starts),
        np.maximum.reduceat(entries.maximum, starts),
        total,
        np.bitwise_or.reduceat(entries.marks, starts),
    )


def _write(connection: SqlConnection, step: int, new: RollupEntries) -> None:
    span = step * ENTRIES
    keys = sorted(set(zip(new.series.tolist(), (new.start // span * span).tolist(), strict=True)))
    rows = connection.rows(list[tuple[int, int, bytes]], _ROWS, to_json(keys), step)
    if rows:  # late data, or a step that spans two chunks: add the new entries to the stored ones
        old = _unpacked([series for series, _, _ in rows], [body for _, _, body in rows])
        both = zip(msgspec.structs.astuple(old), msgspec.structs.astuple(new), strict=True)
        new = RollupEntries(*(np.concatenate(pair) for pair in both))
        new = _summed(new.take(np.lexsort((new.start, new.series))))
    block = new.start // span * span
    starts = np.flatnonzero((np.diff(new.series, prepend=-1) != 0) | (np.diff(block, prepend=block[:1] - 1) != 0))
    heads = zip(new.series[starts].tolist(), block[starts].tolist(), _packed(new, starts), strict=True)
    rows_out = [(series, step, first, body) for series, first, body in heads]
    insert(connection, "INSERT INTO rollup (series, step, first, body) VALUES", rows_out, _UPSERT)


def _packed(entries: RollupEntries, starts: Ints) -> list[bytes]:
    """Return the bodies (encoded columns) of the rows in which ``entries`` are stored.

    Each row begins at one of the indices ``starts`` and ends before the next one.
    """
    codes = np.zeros(len(entries), np.uint8)

    def column(values: Floats, ts: Ints | None = None) -> list[bytes]:
        times = np.zeros(len(values), np.int64) if ts is None else ts
        return encode(Points(entries.series, times, values, codes, codes), starts)

    def differ(mask: Mask) -> list[bool]:
        found: list[bool] = np.logical_or.reduceat(mask, starts).tolist()
        return found

    minimum, maximum, total = column(entries.minimum, entries.start), column(entries.maximum), column(entries.total)
    counts = column(entries.count.astype(np.float64))
    # The entries of a slow series have one point each: columns that only repeat the minimum are not stored.
    wide, summed = differ(entries.maximum != entries.minimum), differ(entries.total != entries.minimum)
    several, marked = differ(entries.count != 1), differ(entries.marks != 0)
    ends = np.append(starts[1:], len(entries)).tolist()
    return [
        _pack(
            RollupBody(
                int(entries.start[a]),
                minimum[i],
                maximum[i] if wide[i] else b"",
                total[i] if summed[i] else b"",
                counts[i] if several[i] else b"",
                entries.marks[a:b].tobytes() if marked[i] else b"",
            )
        )
        for i, (a, b) in enumerate(zip(starts.tolist(), ends, strict=True))
    ]


def _unpacked(owners: Sequence[int], bodies: Sequence[bytes]) -> RollupEntries:
    """Decode rows of rollup entries. Return the entries of all rows, in the order of the rows.

    ``bodies`` are the encoded rows. ``owners`` has a number for each row, which becomes the ``series`` of its entries.
    """
    opened = [_unpack(body) for body in bodies]
    rows = range(len(opened))
    points = decode(rows, [body.first for body in opened], [body.minimum for body in opened])
    row, minimum = points.series, points.value

    def column(packed: list[bytes], standard: Floats) -> Floats:
        given = [i for i in rows if packed[i]]
        if not given:
            return standard
        found = standard.copy()
        has = np.zeros(len(opened), np.bool_)
        has[given] = True
        found[has[row]] = decode(given, [0] * len(given), [packed[i] for i in given]).value
        return found

    marks = np.zeros(len(points), np.uint8)
    for i in rows:
        if opened[i].marks:
            marks[row == i] = np.frombuffer(opened[i].marks, np.uint8)
    return RollupEntries(
        np.array(owners, np.int64)[row],
        points.ts,
        column([b.counts for b in opened], np.ones(len(points))).astype(np.int64),
        minimum,
        column([b.maximum for b in opened], minimum),
        column([b.total for b in opened], minimum),
        marks,
    )


def read_rollup(body: bytes) -> RollupEntries:
    """Decode one stored row of rollups, and return its entries; the ``series`` of each entry is 0.

    ``body`` is the msgpack form of a :class:`RollupBody`. If it is damaged, the decoder's error is raised.
    """
    return _unpacked([0], [body])


Range = tuple[int, int, int, int]
"""``(series, step, from, before)``: the minutes or hours of a series that start from ``from`` to before ``before``.

``step`` is the length of a minute or of an hour in ms.
"""


def read_rollups(connection: SqlConnection, ranges: Sequence[Range]) -> list[RollupEntries]:
    """Return the entries (minutes or hours of a series) in each range, as one item for each of ``ranges``.

    The items are in the order of ``ranges``. The entries of an item are in the order of time.
    """
    # A row that begins before `low` may have entries after it.
    wanted = [
        (number, series, step, low - step * ENTRIES + 1, high - 1)
        for number, (series, step, low, high) in enumerate(ranges)
    ]
    rows = []
    if wanted:
        rows = connection.rows(list[tuple[int, bytes]], _RANGES, to_json(wanted))
    if not rows:
        nothing = np.empty(0, np.int64)
        floats = np.empty(0)
        return [RollupEntries(nothing, nothing, nothing, floats, floats, floats, np.empty(0, np.uint8))] * len(ranges)
    entries = _unpacked([key for key, _ in rows], [body for _, body in rows])
    entries = entries.take(np.lexsort((entries.start, entries.series)))
    found = []
    for key, (_, _, low, high) in enumerate(ranges):
        a, b = np.searchsorted(entries.series, [key, key + 1])
        part = entries.take(slice(int(a), int(b)))
        found.append(part.take((part.start >= low) & (part.start < high)))
    return found
