"""The log: what was committed and is not in chunks yet, one row a commit, and the same in memory for reading.

Readers find a batch by its number (that of its last record), so what they see is what their transaction sees: the
memory only spares them the reading. What is missing in it, they read from the table.
"""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np

from hub.model import Quality, Record, Value
from hub.store.columns import QUALITIES, TEXT, Columns, Floats, coded, empty, join
from hub.store.columns import QUALITY_CODES as CODES

_ROWS = 2_000
"""Batches read at once at the start."""

_BATCHES = """SELECT json_group_array(json_array(id, hex(body)))
    FROM (SELECT id, body FROM batch WHERE id BETWEEN ? AND ? ORDER BY id LIMIT ?)"""


class Batch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The body of a row of the log, as msgpack: little-endian columns.

    For each record ``ts`` (int64, epoch ms), ``counts`` (uint32: how many values it has), ``qualities`` (uint8, none
    when all are good) and ``received`` (int64, epoch ms; older batches have none); for each value ``series`` (uint32),
    ``values`` (double) and ``kinds`` (uint8, none when all are numbers). A text's value is its place in ``texts``.
    """

    ts: bytes
    counts: bytes
    series: bytes
    values: bytes
    qualities: bytes = b""
    kinds: bytes = b""
    texts: tuple[str, ...] = ()
    received: bytes = b""

    def points(self) -> Columns:
        counts = np.frombuffer(self.counts, "<u4")
        series = np.frombuffer(self.series, "<u4").astype(np.int64)
        return Columns(
            series,
            np.repeat(np.frombuffer(self.ts, "<i8"), counts),
            np.frombuffer(self.values, "<f8"),
            np.frombuffer(self.kinds, np.uint8) if self.kinds else np.zeros(len(series), np.uint8),
            np.repeat(np.frombuffer(self.qualities, np.uint8), counts)
            if self.qualities
            else np.zeros(len(series), np.uint8),
            self.texts,
        )


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Batch).decode
_decode_rows = msgspec.json.Decoder(list[tuple[int, str]]).decode


class Draft:
    """A batch being gathered, record by record."""

    def __init__(self) -> None:
        self.ts: list[int] = []
        self.received: list[int] = []
        self.counts: list[int] = []
        self.qualities: list[Quality] = []
        self.series: list[int] = []
        self.values: list[Value] = []

    def add(self, record: Record, series: Sequence[int]) -> None:
        """``series`` are the numbers of its metrics, in their order."""
        values = record.values.values()
        self.ts.append(record.ts)
        self.received.append(record.received)
        self.counts.append(len(series))
        self.qualities.append(record.quality)
        self.series += series
        self.values += values

    def batch(self) -> Batch | None:
        """None where nothing was measured. Raises OverflowError for a time beyond 64 bits."""
        value, kind, texts = coded(self.values)
        series, counts = np.array(self.series, np.uint32), np.array(self.counts, np.uint32)
        finite = np.isfinite(value)
        if not finite.all():  # the dialects refuse them; a rule or a chart could do nothing with one
            owner = np.repeat(np.arange(len(counts)), counts)[finite]
            counts = np.bincount(owner, minlength=len(counts)).astype(np.uint32)
            series, value, kind = series[finite], value[finite], None if kind is None else kind[finite]
        if not len(series):
            return None
        good = set(self.qualities) == {"good"}
        return Batch(
            np.array(self.ts, "<i8").tobytes(),
            counts.astype("<u4").tobytes(),
            series.astype("<u4").tobytes(),
            value.astype("<f8").tobytes(),
            b"" if good else bytes([CODES[quality] for quality in self.qualities]),
            b"" if kind is None else kind.tobytes(),
            tuple(texts),
            np.array(self.received, "<i8").tobytes(),
        )


def write_batch(connection: sqlite3.Connection, number: int, batch: Batch) -> Columns:
    """One row; ``first`` is the time of its oldest point, so that expiry finds late data in the log."""
    points = batch.points()
    row = (number, len(points), int(points.ts.min()), _encode(batch))
    connection.execute("INSERT INTO batch (id, points, first, body) VALUES (?, ?, ?, ?)", row)
    return points


def read_batches(connection: sqlite3.Connection, first: int, last: int, most: int = -1) -> list[tuple[int, Columns]]:
    """The batches numbered from ``first`` to ``last``, in their order."""
    text = connection.execute(_BATCHES, (first, last, most)).fetchone()[0]
    return [(number, _decode(bytes.fromhex(body)).points()) for number, body in sorted(_decode_rows(text))]


def read_records(connection: sqlite3.Connection, after: int) -> list[tuple[int, Record]]:
    """The records behind number ``after``, which ends a batch, with their numbers; without their keys. Those of series
    that were deleted are left out."""
    names = dict[int, tuple[str, str]]()
    found: list[tuple[int, Record]] = []
    for number, body in connection.execute("SELECT id, body FROM batch WHERE id > ? ORDER BY id", (after,)):
        if not names:
            known_series = connection.execute("SELECT id, device, metric FROM series")
            names = {series: (device, metric) for series, device, metric in known_series}
        batch = _decode(body)
        points, ends = batch.points(), np.cumsum(np.frombuffer(batch.counts, "<u4")).tolist()
        series, values, at = points.series.tolist(), points.values(), 0
        received = np.frombuffer(batch.received or batch.ts, "<i8").tolist()
        for place, (ts, end) in enumerate(zip(np.frombuffer(batch.ts, "<i8").tolist(), ends, strict=True)):
            known = [(*names[series[i]], values[i]) for i in range(at, end) if series[i] in names]
            if known:
                quality = QUALITIES[int(points.quality[at])]
                record = Record(known[0][0], ts, received[place], {m: value for _, m, value in known}, quality)
                found.append((number - len(ends) + 1 + place, record))
            at = end
    return found


class Log:
    """The points of all batches of the table, in memory. One thread writes it, others read.

    Columns grow at their end only and are replaced, never changed, when old batches go: what a reader holds stays.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: list[int] = []
        self._ends: list[int] = []
        self._columns = _room(4_096)
        self._texts: list[str] = []

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> Log:
        log, last = cls(), 0
        while batches := read_batches(connection, last + 1, (1 << 63) - 1, _ROWS):
            for number, points in batches:
                log.append(number, points)
            last = batches[-1][0]
        return log

    def __len__(self) -> int:
        """In points."""
        return self._ends[-1] if self._ends else 0

    @property
    def batches(self) -> int:
        return len(self._numbers)

    @property
    def newest(self) -> int:
        """The number of the last batch."""
        return self._numbers[-1] if self._numbers else 0

    def upto(self, number: int) -> int:
        """How many points lie in the batches up to this number."""
        batches = bisect_right(self._numbers, number)
        return self._ends[batches - 1] if batches else 0

    def append(self, number: int, points: Columns) -> None:
        with self._lock:
            start = len(self)
            end = start + len(points)
            if end > len(self._columns):
                self._columns = _room(2 * end, self._columns.take(slice(0, start)))
            if points.texts:
                value = np.where(points.kind == TEXT, points.value + len(self._texts), points.value)
                points = msgspec.structs.replace(points, value=value)
            _copy(points, self._columns, start)
            self._texts += points.texts
            self._numbers.append(number)
            self._ends.append(end)

    def take_back(self) -> None:
        """Undo the last :meth:`append`: its transaction failed. Its texts stay until the next :meth:`forget`."""
        with self._lock:
            del self._numbers[-1], self._ends[-1]

    def view(self, first: int, last: int) -> Columns | None:
        """The points of the batches ``first`` to ``last`` (both included); None when one of them is not here."""
        with self._lock:
            a, b = bisect_left(self._numbers, first), bisect_left(self._numbers, last)
            if b >= len(self._numbers) or self._numbers[a] != first or self._numbers[b] != last:
                return None
            part = self._columns.take(slice(self._ends[a - 1] if a else 0, self._ends[b]))
            return msgspec.structs.replace(part, texts=self._texts)

    def forget(self, last: int) -> None:
        """Everything up to batch ``last``: it is in chunks now."""
        with self._lock:
            cut = bisect_left(self._numbers, last + 1)
            gone = self._ends[cut - 1] if cut else 0
            rest = self._columns.take(slice(gone, len(self)))
            self._texts, values = _used_texts(rest, self._texts)
            self._numbers, self._ends = self._numbers[cut:], [end - gone for end in self._ends[cut:]]
            self._columns = _room(max(4_096, 2 * len(rest)), msgspec.structs.replace(rest, value=values))


def _room(size: int, filled: Columns | None = None) -> Columns:
    room = empty(size)
    if filled is not None:
        _copy(filled, room, 0)
    return room


def _copy(points: Columns, room: Columns, start: int) -> None:
    part = slice(start, start + len(points))
    room.series[part], room.ts[part], room.value[part] = points.series, points.ts, points.value
    room.kind[part], room.quality[part] = points.kind, points.quality


def _used_texts(points: Columns, texts: list[str]) -> tuple[list[str], Floats]:
    textual = points.kind == TEXT
    places, own = np.unique(points.value[textual], return_inverse=True)
    values = points.value.copy()
    values[textual] = own
    return [texts[int(place)] for place in places], values


def fresh_points(connection: sqlite3.Connection, log: Log) -> Columns:
    """What this transaction sees of the log and does not see in chunks."""
    row = connection.execute(
        "SELECT (SELECT min(id) FROM batch), (SELECT max(id) FROM batch), fold_upto, fold_below FROM progress"
    ).fetchone()
    first, last, upto, below = row
    if first is None:
        return empty()
    points = segment(connection, log, first, last)
    if not below:
        return points
    # A fold is under way: of the batches up to `upto`, the series below `below` are in chunks already.
    folding = len(segment(connection, log, first, upto))
    waiting = points.series >= below
    waiting[folding:] = True
    return points.take(waiting)


def segment(connection: sqlite3.Connection, log: Log, first: int, last: int) -> Columns:
    """The points of the batches ``first`` to ``last``, from memory where it has them."""
    found = log.view(first, last)
    return found if found is not None else join([points for _, points in read_batches(connection, first, last)])
