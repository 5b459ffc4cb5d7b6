"""The table ``batch``: the write-ahead log on disk, one row per commit.

This module writes rows, and reads rows as points or as records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from hub.model import Record
from hub.store.connection import SqlConnection
from hub.store.points import QUALITIES, Points, empty
from hub.store.rows import UNREADABLE_BODY, Unreadable

_BATCHES = "SELECT id, body FROM batch WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?"

MAX_BATCHES = 1 << 62
"""The limit that means all batches."""


class LogBatch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The readings of one batch as stored in the log: little-endian columns, encoded as msgpack.

    A record has the values that one device measured at the same time.

    Attributes:
        ts: for each record, when it was measured (int64, epoch ms).
        received: for each record, when it was received (int64, epoch ms).
        counts: for each record, how many values it has (uint32).
        series: for each value, the id of its series (uint32).
        values: for each value, the number (double); for a text, its index in ``texts``.
        qualities: for each record, the code of its quality (uint8); empty if all are good.
        kinds: for each value, the code of its type (uint8); empty if all are numbers.
        texts: the texts.
    """

    ts: bytes
    received: bytes
    counts: bytes
    series: bytes
    values: bytes
    qualities: bytes = b""
    kinds: bytes = b""
    texts: tuple[str, ...] = ()

    def points(self) -> Points:
        counts = np.frombuffer(self.counts, "<u4")
        series = np.frombuffer(self.series, "<u4").astype(np.int64)
        ts, values = np.repeat(np.frombuffer(self.ts, "<i8"), counts), np.frombuffer(self.values, "<f8")
        # A damaged row has to fail here, before its points get into the memtable.
        if not len(series) == len(ts) == len(values):
            raise ValueError("the columns of a batch differ in length")
        return Points(
            series,
            ts,
            values,
            np.frombuffer(self.kinds, np.uint8) if self.kinds else np.zeros(len(series), np.uint8),
            np.repeat(np.frombuffer(self.qualities, np.uint8), counts)
            if self.qualities
            else np.zeros(len(series), np.uint8),
            self.texts,
        )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LogBatch).decode


def write_batch(connection: SqlConnection, number: int, batch: LogBatch) -> Points:
    """Insert one row and return its points.

    The column ``first`` (the oldest time) lets retention find old points in the log.
    """
    points = batch.points()
    row = (number, len(points), int(points.ts.min()), _encode(batch))
    connection.execute("INSERT INTO batch (id, points, first, body) VALUES (?, ?, ?, ?)", row)
    return points


def read_batch(body: bytes) -> Points:
    """Return the points of one batch. A damaged body raises ValueError, LookupError or an error of the decoder."""
    points = _decode(body).points()
    # Look up every text, so that a damaged index shows now and not in a query.
    points.values()
    return points


def read_batches(
    connection: SqlConnection,
    first: int,
    last: int,
    limit: int = MAX_BATCHES,
    problems: list[Unreadable] | None = None,
) -> list[tuple[int, Points]]:
    """Return at most ``limit`` batches numbered from ``first`` to ``last``, in order, each with its number.

    If a batch cannot be read, raise an error. If ``problems`` is given, add the error to it instead, and return the
    batch without points.
    """
    rows = sorted(connection.rows(list[tuple[int, bytes]], _BATCHES, first, last, limit))
    if problems is None:
        return [(number, _decode(body).points()) for number, body in rows]
    return [(number, _points_or_none(number, body, problems)) for number, body in rows]


def _points_or_none(number: int, body: bytes, problems: list[Unreadable]) -> Points:
    try:
        return read_batch(body)
    except UNREADABLE_BODY as error:
        problems.append(Unreadable("batch", str(number), f"{type(error).__name__}: {error}"))
        return empty()


class Records:
    """The records in several log batches. Iterating yields pairs of a record's number and the record, oldest first.

    The records have no deduplication keys, and values of series that no longer exist are left out. Each batch is
    decoded only when the iteration reaches it: decoding all batches at once would take ten times the memory.
    """

    def __init__(self, batches: Sequence[tuple[int, bytes]], names: Mapping[int, tuple[str, str]]) -> None:
        self._batches = batches
        self._names = names

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        for number, body in self._batches:
            yield from self._records_of(number, _decode(body))

    def _records_of(self, number: int, batch: LogBatch) -> Iterator[tuple[int, Record]]:
        names, points = self._names, batch.points()
        ends = np.cumsum(np.frombuffer(batch.counts, "<u4")).tolist()
        series, values, at = points.series.tolist(), points.values(), 0
        received = np.frombuffer(batch.received, "<i8").tolist()
        for place, (ts, end) in enumerate(zip(np.frombuffer(batch.ts, "<i8").tolist(), ends, strict=True)):
            # Series that are not in `names` belong to deleted devices.
            known = [(*names[series[i]], values[i]) for i in range(at, end) if series[i] in names]
            if known:
                quality = QUALITIES[int(points.quality[at])]
                record = Record(known[0][0], ts, received[place], {m: value for _, m, value in known}, quality)
                yield number - len(ends) + 1 + place, record
            at = end


def read_records(connection: SqlConnection, after: int) -> Records:
    """Return the records of all batches in the log whose numbers are greater than ``after``."""
    batches = connection.execute("SELECT id, body FROM batch WHERE id > ? ORDER BY id", (after,)).fetchall()
    series = connection.execute("SELECT id, device, metric FROM series") if batches else ()
    return Records(batches, {number: (device, metric) for number, device, metric in series})
