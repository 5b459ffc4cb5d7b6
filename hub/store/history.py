"""Reading series back: log and chunks as one. It knows their tables; it writes nothing.

A bucket takes a chunk that lies in it as a whole by its summary, and opens only those that reach over an edge: all
figures are exact wherever the edges fall. Each statement gives one row, however many chunks there are: Python's
sqlite3 pays for each row with the interpreter lock (see connection.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec
import numpy as np

from hub.errors import Invalid
from hub.model import Point, Series, SeriesQuery
from hub.store.chunks import decode
from hub.store.columns import Columns, Ints, Mask, join
from hub.store.log import Log, fresh_points

MAX_BUCKETS = 10_000
MAX_TS = 253_402_300_799_999
"""The end of the year 9999 in ms; times beyond it are cut to it, so that no product of times overflows."""

# The chunks of each query, a fixed-length record each in hexadecimal digits: HEAD.
_HEADS = """SELECT json_group_array(json_array(series, coalesce((
        SELECT group_concat(printf('%016x%016x%016x%08x%08x', id, first, last, count, numbers) || hex(summary), '')
        FROM chunk WHERE chunk.series = query.series AND last >= query.low AND first <= query.high), '')))
FROM (SELECT json_extract(value, '$[2]') AS low, json_extract(value, '$[3]') AS high,
        (SELECT id FROM series WHERE device = json_extract(value, '$[0]')
            AND metric = json_extract(value, '$[1]')) AS series
      FROM json_each(?) ORDER BY key) AS query"""

_BODIES = "SELECT json_group_array(json_array(id, hex(body))) FROM chunk WHERE id IN (SELECT value FROM json_each(?))"

HEAD = np.dtype(
    [
        *((name, ">i8") for name in ("id", "first", "last")),
        *((name, ">u4") for name in ("count", "numbers")),
        *((name, ">f8") for name in ("least", "most", "total")),
    ]
)

_decode_heads = msgspec.json.Decoder(list[tuple[int | None, str]]).decode
_decode_bodies = msgspec.json.Decoder(list[tuple[int, str]]).decode


def read_history(connection: sqlite3.Connection, log: Log, queries: Sequence[SeriesQuery]) -> list[Series]:
    """The series in the order of the queries; see :meth:`hub.store.base.Store.history`. The caller holds one read
    transaction around it."""
    spans = [_Span(query) for query in queries]
    asked = msgspec.json.encode([(s.query.device, s.query.metric, s.low, s.high) for s in spans]).decode()
    found = _decode_heads(connection.execute(_HEADS, (asked,)).fetchone()[0])
    fresh = _fresh(connection, log, {series for series, _ in found if series is not None})
    heads = [np.frombuffer(bytes.fromhex(packed), HEAD) for _, packed in found]
    opened = [span.to_open(head) for span, head in zip(spans, heads, strict=True)]
    stored = _stored(connection, [head[which] for head, which in zip(heads, opened, strict=True)])
    answers = []
    for i, (span, (series, _)) in enumerate(zip(spans, found, strict=True)):
        parts = [_of(stored, i), _of(fresh, -1 if series is None else series)]
        points = join(parts) if len(parts[1]) else parts[0]
        query = span.query
        answers.append(Series(query.device, query.metric, span.answer(points, heads[i][~opened[i]])))
    return answers


def _fresh(connection: sqlite3.Connection, log: Log, series: set[int]) -> Columns:
    points = fresh_points(connection, log)
    if not len(points):
        return points
    wanted = np.zeros(int(points.series.max()) + 1, np.bool_)
    wanted[[number for number in series if number < len(wanted)]] = True
    return points.take(wanted[points.series]).in_order()


def _stored(connection: sqlite3.Connection, heads: Sequence[np.ndarray]) -> Columns:
    """The points of these chunks, ``series`` being the index of the query that asks for them."""
    ids = sorted({int(number) for head in heads for number in head["id"]})
    packed: dict[int, bytes] = {}
    if ids:
        text = connection.execute(_BODIES, (msgspec.json.encode(ids).decode(),)).fetchone()[0]
        packed = {number: bytes.fromhex(body) for number, body in _decode_bodies(text)}
    owners, firsts, bodies = list[int](), list[int](), list[bytes]()
    for i, head in enumerate(heads):
        chunks = np.sort(head, order="id") if len(head) > 1 else head  # the order in which their points came
        owners += [i] * len(chunks)
        firsts += chunks["first"].tolist()
        bodies += [packed[number] for number in chunks["id"].tolist()]
    return decode(owners, firsts, bodies).in_order()


def _of(points: Columns, series: int) -> Columns:
    """The part of one series; ``points`` are in the order of their series."""
    start, end = np.searchsorted(points.series, [series, series + 1])
    return points.take(slice(start, end))


class _Span:
    """One query, checked, with its times within what can be reckoned with."""

    def __init__(self, query: SeriesQuery) -> None:
        self.query = query
        self.parts = query.buckets
        if self.parts is not None and not 1 <= self.parts <= MAX_BUCKETS:
            raise Invalid(f"A history has 1 to {MAX_BUCKETS} buckets, not {self.parts}.")
        if self.parts is None and query.limit < 1:
            raise Invalid(f"A history has at least 1 point, not {query.limit}.")
        self.low = min(max(query.start, -MAX_TS), MAX_TS)
        self.high = max(min(query.end, MAX_TS), -MAX_TS)
        self.length = max(self.high - self.low + 1, 0)

    def to_open(self, head: np.ndarray) -> Mask:
        """Which of these chunks have to be read; the others' summaries do."""
        first, last = head["first"].astype(np.int64), head["last"].astype(np.int64)
        if self.parts is None:
            return self._newest(first, last, head["count"].astype(np.int64))
        inside = (first >= self.low) & (last <= self.high)
        whole: Mask = inside & (self._bucket(first) == self._bucket(last))
        return ~whole

    def _newest(self, first: Ints, last: Ints, counts: Ints) -> Mask:
        """Enough chunks for the newest ``limit`` points: those that reach beyond a time after which there are that
        many for certain."""
        inside = np.flatnonzero((first >= self.low) & (last <= self.high))
        inside = inside[np.argsort(last[inside])[::-1]]
        enough = int(np.searchsorted(np.cumsum(counts[inside]), self.query.limit))
        if enough >= len(inside):
            return np.ones(len(first), np.bool_)
        reaching: Mask = last >= first[inside[: enough + 1]].min()
        return reaching

    def _bucket(self, ts: Ints) -> Ints:
        return (ts - self.low) * (self.parts or 1) // max(self.length, 1)

    def answer(self, points: Columns, heads: np.ndarray) -> list[Point]:
        """From the points of opened chunks and of the log, and the heads of the others."""
        if len(points) and (np.diff(points.ts) < 0).any():
            points = points.take(np.argsort(points.ts, kind="stable"))
        start, end = np.searchsorted(points.ts, [self.low, self.high + 1])
        if self.parts is None:
            newest = points.take(slice(max(start, end - self.query.limit), max(start, end)))
            return list(zip(newest.ts.tolist(), newest.values(), strict=True))
        return self._buckets(
            points.take(slice(start, max(start, end))).numeric(), heads[heads["numbers"] > 0], self.parts
        )

    def _buckets(self, points: Columns, heads: np.ndarray, parts: int) -> list[Point]:
        edges = self.low - (-np.arange(parts, dtype=np.int64) * self.length // parts)
        count, total = np.zeros(parts, np.int64), np.zeros(parts)
        least, most = np.full(parts, np.inf), np.full(parts, -np.inf)
        places = np.searchsorted(points.ts, edges)
        filled = np.flatnonzero(np.diff(np.append(places, len(points))))
        with np.errstate(over="ignore", invalid="ignore"):
            if len(filled):
                starts, value = places[filled], points.value
                count[filled] = np.diff(np.append(starts, len(points)))
                total[filled] = np.add.reduceat(value, starts)
                least[filled], most[filled] = np.minimum.reduceat(value, starts), np.maximum.reduceat(value, starts)
            if len(heads):
                inside = self._bucket(heads["first"].astype(np.int64))
                np.add.at(count, inside, heads["numbers"].astype(np.int64))
                np.add.at(total, inside, heads["total"].astype(np.float64))
                np.minimum.at(least, inside, heads["least"].astype(np.float64))
                np.maximum.at(most, inside, heads["most"].astype(np.float64))
            found = np.flatnonzero(count)
            count, least, most, mean = count[found], least[found], most[found], total[found] / count[found]
            # A sum beyond the largest double has no mean; rounding may put one just outside of what it is the mean of.
            mean = np.clip(np.where(np.isfinite(mean), mean, least / 2 + most / 2), least, most)
        columns = (edges[found], least, mean, most, count)
        return list(zip(*(column.tolist() for column in columns), strict=True))
