"""Reading series back: log, chunks and rollups as one. It knows their tables; it writes nothing.

A bucket takes a chunk that lies in it as a whole by its summary, and opens only those that reach over an edge: all
figures are exact wherever the edges fall. Wide buckets take the rollups (spans.py), and from the log and the chunks
what is not in these yet. Each statement gives one row, however many chunks there are: Python's sqlite3 pays for each
row with the interpreter lock (see connection.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec
import numpy as np

from hub.model import Series, SeriesQuery
from hub.store.chunks.codec import decode
from hub.store.chunks.rollups import MINUTE, RollupEntries, read_rollups
from hub.store.points import Ints, Mask, Points, join
from hub.store.query.downsampler import Downsampler, newest, thinned
from hub.store.query.query_plan import QueryPlan, RetentionBounds, TierRange
from hub.store.query.state_changes import changes
from hub.store.rows import read_json, reading_history, to_json
from hub.store.wal.memtable import Memtable, fresh_points

MOST_THINNED = 500_000
"""Readings that are thinned out for one line; where there are more, the minutes are."""
MOST_STATES = 2_000_000
"""Readings whose changes are looked for; where there are more, the minutes tell, which have no words."""

NOWHERE = (1 << 62, -(1 << 62))

_SERIES = """SELECT json_group_array(json_array(id, raw_from, minutes_from)) FROM (
    SELECT series.id, raw_from, minutes_from FROM json_each(?) AS query LEFT JOIN series
        ON device = json_extract(value, '$[0]') AND metric = json_extract(value, '$[1]') ORDER BY query.key)"""

# The chunks of each query, a fixed-length record each in hexadecimal digits: HEAD. Closed ones only where the readings
# serve, which is at most in two places. An index each finds the closed and the open ones.
_HEAD = """coalesce((
        SELECT group_concat(printf('%016x%016x%016x%08x%08x%02x%02x', id, first, last, count, numbers, marks, {})
            || hex(summary), '')
        FROM chunk WHERE {} AND series = query.series AND last >= query.low AND first < query.before), '')"""

_IN_PLACE = "(last >= query.low1 AND first < query.before1) OR (last >= query.low2 AND first < query.before2)"

_HEADS = f"""SELECT json_group_array({_HEAD.format(0, f"NOT active AND ({_IN_PLACE})")} || {_HEAD.format(1, "active")})
FROM (SELECT json_extract(value, '$[0]') AS series, json_extract(value, '$[1]') AS low,
        json_extract(value, '$[2]') AS before, json_extract(value, '$[3]') AS low1,
        json_extract(value, '$[4]') AS before1, json_extract(value, '$[5]') AS low2,
        json_extract(value, '$[6]') AS before2
      FROM json_each(?) ORDER BY key) AS query"""  # noqa: S608 (our own words)

_BODIES = "SELECT json_group_array(json_array(id, hex(body))) FROM chunk WHERE id IN (SELECT value FROM json_each(?))"

HEAD = np.dtype(
    [
        *((name, ">i8") for name in ("id", "first", "last")),
        *((name, ">u4") for name in ("count", "numbers")),
        *((name, ">u1") for name in ("marks", "active")),
        *((name, ">f8") for name in ("least", "most", "total")),
    ]
)


def read_history(connection: sqlite3.Connection, log: Memtable, queries: Sequence[SeriesQuery]) -> list[Series]:
    """The series in the order of the queries; see :meth:`hub.store.base.Store.history`. The caller holds one read
    transaction around it."""
    asked = [_Asked(QueryPlan(query)) for query in queries]
    with reading_history():
        _find(connection, asked)
    with reading_history(one.series for one in asked if one.series is not None):
        return _answers(connection, log, asked)


def _answers(connection: sqlite3.Connection, log: Memtable, asked: list[_Asked]) -> list[Series]:
    heavy = [one for one in asked if one.too_heavy]
    for one in heavy:
        one.span = QueryPlan(one.span.query, MINUTE)
    if heavy:
        _find(connection, heavy)
    entries = _entries(connection, asked)
    fresh = fresh_points(connection, log, (one.series for one in asked if one.series is not None)).in_order()
    stored = _stored(connection, asked)
    answers = []
    for i, one in enumerate(asked):
        parts = [_of(stored, i), _of(fresh, -1 if one.series is None else one.series)]
        points = join(parts) if len(parts[1]) else parts[0]
        if len(points) and (np.diff(points.ts) < 0).any():
            points = points.take(np.argsort(points.ts, kind="stable"))
        answers.append(one.answer(points, entries[i]))
    return answers


class _Asked:
    """One query on its way: its series, what serves it, and its chunks."""

    def __init__(self, span: QueryPlan) -> None:
        self.span = span
        self.series: int | None = None
        self.pieces: list[TierRange] = []
        self.heads = np.empty(0, HEAD)
        self._opened: Mask = np.empty(0, np.bool_)

    def row(self) -> tuple[int, ...]:
        span = self.span
        raw = [(piece.low, piece.before) for piece in self.pieces if not piece.step]
        (low1, before1), (low2, before2) = [*raw, NOWHERE, NOWHERE][:2]
        number = -1 if self.series is None else self.series
        return number, span.low, span.low + span.length, low1, before1, low2, before2

    @property
    def too_heavy(self) -> bool:
        shape = self.span.query.shape
        most = MOST_STATES if shape == "states" else MOST_THINNED
        return shape != "buckets" and not self.span.step and int(self.heads["count"].sum()) > most

    def within(self, first: Ints, last: Ints, still_open: Mask) -> Mask:
        """Which of these stretches the readings serve as a whole; what is not in rollups yet, they serve everywhere."""
        span = self.span
        inside: Mask = still_open & (first >= span.low) & (last <= span.high)
        for piece in self.pieces:
            if not piece.step:
                inside = inside | ((first >= piece.low) & (last < piece.before))
        return inside

    def to_open(self) -> np.ndarray:
        """The chunks that have to be read; the others' summaries do."""
        first, last = _reach(self.heads)
        whole = self.within(first, last, self.heads["active"] > 0)
        if self.span.parts is None:
            self._opened = self._newest(first, last, self.heads["count"].astype(np.int64), whole)
        elif self.span.query.shape != "buckets":
            self._opened = np.ones(len(first), np.bool_)
        else:
            edges = self.span.edges()
            alike = np.searchsorted(edges, first, "right") == np.searchsorted(edges, last, "right")
            self._opened = ~(whole & alike)
        opened: np.ndarray = self.heads[self._opened]
        return opened

    def _newest(self, first: Ints, last: Ints, counts: Ints, whole: Mask) -> Mask:
        """Enough chunks for the newest ``limit`` points: those that reach beyond a time after which there are that
        many for certain."""
        inside = np.flatnonzero(whole)
        inside = inside[np.argsort(last[inside])[::-1]]
        enough = int(np.searchsorted(np.cumsum(counts[inside]), self.span.query.limit))
        if enough >= len(inside):
            return np.ones(len(first), np.bool_)
        reaching: Mask = last >= first[inside[: enough + 1]].min()
        return reaching

    def answer(self, points: Points, entries: list[RollupEntries]) -> Series:
        """From the points of opened chunks and of the log, the heads of the others, and the rollups."""
        span = self.span
        if span.parts is None:
            return newest(span, points)
        steps = [piece.step for piece in self.pieces if piece.step]
        step = max((step for step, part in zip(steps, entries, strict=True) if len(part)), default=0)
        if span.query.shape == "states":
            return changes(span, points, entries, step)
        if span.query.shape != "buckets":
            return thinned(span, points, entries, step)
        tally = Downsampler(span)
        tally.points(points)
        heads = self.heads[~self._opened]
        heads = heads[heads["numbers"] > 0]
        ts, count = heads["first"].astype(np.int64), heads["numbers"].astype(np.int64)
        figures = [heads[name].astype(np.float64) for name in ("least", "most", "total")]
        tally.summaries(ts, count, figures[0], figures[1], figures[2], heads["marks"])
        for width, part in zip(steps, entries, strict=True):
            tally.summaries(part.start, part.count, part.least, part.most, part.total, part.marks, width)
        return tally.series(step)


def _find(connection: sqlite3.Connection, asked: Sequence[_Asked]) -> None:
    """Their series, pieces and heads."""
    names = [(one.span.query.device, one.span.query.metric) for one in asked]
    found = read_json(connection, list[tuple[int | None, int | None, int | None]], _SERIES, to_json(names))
    for one, (series, raw, minutes) in zip(asked, found, strict=True):
        one.series = series
        one.pieces = [] if series is None else one.span.tier_ranges(RetentionBounds.of(raw, minutes))
    packed = read_json(connection, list[str], _HEADS, to_json([one.row() for one in asked]))
    for one, head in zip(asked, packed, strict=True):
        one.heads = np.frombuffer(bytes.fromhex(head), HEAD)


def _entries(connection: sqlite3.Connection, asked: Sequence[_Asked]) -> list[list[RollupEntries]]:
    """Of each query, the entries of each piece that rollups serve."""
    wanted = [
        (i, (one.series, piece.step, piece.low, piece.before))
        for i, one in enumerate(asked)
        if one.series is not None and one.span.parts is not None
        for piece in one.pieces
        if piece.step
    ]
    found: list[list[RollupEntries]] = [[] for _ in asked]
    for (i, _), entries in zip(wanted, read_rollups(connection, [part for _, part in wanted]), strict=True):
        found[i].append(entries)
    return found


def _stored(connection: sqlite3.Connection, asked: Sequence[_Asked]) -> Points:
    """The points of the chunks to open, ``series`` being the index of the query that asks for them."""
    heads = [np.sort(one.to_open(), order="id") for one in asked]  # the order in which their points came
    ids = sorted({int(number) for head in heads for number in head["id"]})
    if not ids:
        return decode([], [], [])
    found = read_json(connection, list[tuple[int, str]], _BODIES, to_json(ids))
    packed = {number: bytes.fromhex(body) for number, body in found}
    together = np.concatenate(heads)
    owner = np.repeat(np.arange(len(asked)), [len(head) for head in heads])
    bodies = [packed[number] for number in together["id"].tolist()]
    points = decode(range(len(together)), together["first"].tolist(), bodies)
    # Of most chunks, every point is asked for.
    whole = np.concatenate(
        [one.within(*_reach(head), head["active"] > 0) for one, head in zip(asked, heads, strict=True)]
    )
    row = points.series
    points = msgspec.structs.replace(points, series=owner[row])
    if not whole.all():
        partly = np.flatnonzero(~whole[row])
        served = np.ones(len(points), np.bool_)
        for i in sorted(set(owner[~whole].tolist())):
            own = partly[points.series[partly] == i]
            served[own] = asked[i].within(points.ts[own], points.ts[own], together["active"][row[own]] > 0)
        points = points.take(served)
    return points.in_order()


def _reach(head: np.ndarray) -> tuple[Ints, Ints]:
    return head["first"].astype(np.int64), head["last"].astype(np.int64)


def _of(points: Points, series: int) -> Points:
    """The part of one series; ``points`` are in the order of their series."""
    start, end = np.searchsorted(points.series, [series, series + 1])
    return points.take(slice(start, end))
