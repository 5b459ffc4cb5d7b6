"""Answer history queries from the log, chunks and rollups together.

::

    QueryPlan ──▶ tier ranges ──▶ rollup entries
        │             └─────────▶ active chunks; sealed chunks only in the ranges that are answered from readings
        │                              ├─ chunk inside one bucket: its summary is enough
        │                              └─ chunk across an edge between buckets: decode its points
        └───────────────────────▶ points of the log that are in no chunk
                                       │
                     Downsampler, newest points, changes of state

All figures are exact wherever the edges of buckets fall. Each statement returns one row for all queries, however many
chunks there are (see :meth:`~hub.store.connection.SqlConnection.rows`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from hub.model import Series, SeriesQuery
from hub.store.chunks.codec import decode
from hub.store.chunks.rollups import MINUTE, RollupEntries, read_rollups
from hub.store.connection import SqlConnection, to_json
from hub.store.points import Ints, Mask, Points, join
from hub.store.query.chunk_headers import HEAD, read_chunk_headers
from hub.store.query.downsampler import Downsampler, newest, shaped
from hub.store.query.query_plan import QueryPlan, RetentionBounds, TierRange
from hub.store.query.state_changes import changes
from hub.store.rows import reading_history
from hub.store.wal.memtable import Memtable, fresh_points

MAX_SHAPED = 500_000
"""Maximum number of readings that are downsampled by shape. A query with more uses the minutes instead."""
MAX_STATES = 2_000_000
"""Maximum number of readings searched for changes of state. A query with more uses the minutes, which have no texts."""

EMPTY_RANGE = (1 << 62, -(1 << 62))

_SERIES = """SELECT series.id, raw_from, minutes_from FROM json_each(?) AS query LEFT JOIN series
    ON device = json_extract(value, '$[0]') AND metric = json_extract(value, '$[1]') ORDER BY query.key"""

_BODIES = "SELECT id, body FROM chunk WHERE id IN (SELECT value FROM json_each(?))"


def read_history(connection: SqlConnection, memtable: Memtable, queries: Sequence[SeriesQuery]) -> list[Series]:
    """Return the series in the order of the queries; see :meth:`hub.store.base.Store.history`.

    Call this within one read transaction.
    """
    running = [_RunningQuery(QueryPlan(query)) for query in queries]
    with reading_history():
        _find(connection, running)
    with reading_history(one.series for one in running if one.series is not None):
        return _answers(connection, memtable, running)


def _answers(connection: SqlConnection, memtable: Memtable, running: list[_RunningQuery]) -> list[Series]:
    heavy = [one for one in running if one.too_heavy]
    # The headers tell the number of readings before any is decoded.
    for one in heavy:  # too many readings for a shape: use the minutes instead
        one.plan = QueryPlan(one.plan.query, MINUTE)
    if heavy:
        _find(connection, heavy)
    entries = _entries(connection, running)
    fresh = fresh_points(connection, memtable, (one.series for one in running if one.series is not None)).in_order()
    stored = _stored(connection, running)
    answers = []
    for i, one in enumerate(running):
        parts = [_points_of(stored, i), _points_of(fresh, -1 if one.series is None else one.series)]
        points = join(parts) if len(parts[1]) else parts[0]
        if len(points) and (np.diff(points.ts) < 0).any():  # the log has late data
            points = points.take(np.argsort(points.ts, kind="stable"))
        answers.append(one.answer(points, entries[i]))
    return answers


class _RunningQuery:
    """The state of one query while it is answered.

    Attributes:
        plan: Which part of the history answers the query. A coarser plan replaces it if the query turns out to be too
            heavy.
        series: The id of the series; None if there is no such series.
        ranges: For each part of the query's time range, whether readings, minutes or hours are used.
        heads: The headers (:data:`HEAD`) of the chunks of the series.
    """

    def __init__(self, plan: QueryPlan) -> None:
        self.plan = plan
        self.series: int | None = None
        self.ranges: list[TierRange] = []
        self.heads = np.empty(0, HEAD)
        self._decoded: Mask = np.empty(0, np.bool_)  # which of the chunks are decoded; set by chunks_to_decode()

    def header_range(self) -> tuple[int, ...]:
        """Return the numbers with which :func:`read_chunk_headers` finds the chunks for this query.

        They are the id of the series (-1 if there is none), begin and end of the query's time range, and begin and end
        of the first and of the second part that is answered with readings (empty ranges if there are no such parts).
        """
        plan = self.plan
        raw = [(each.low, each.before) for each in self.ranges if not each.step]
        (low1, before1), (low2, before2) = [*raw, EMPTY_RANGE, EMPTY_RANGE][:2]
        number = -1 if self.series is None else self.series
        return number, plan.low, plan.low + plan.length, low1, before1, low2, before2

    @property
    def too_heavy(self) -> bool:
        """Return True if the query has a ``shape`` for which too many readings would have to be decoded."""
        shape = self.plan.query.shape
        limit = MAX_STATES if shape == "states" else MAX_SHAPED
        return shape != "buckets" and not self.plan.step and int(self.heads["count"].sum()) > limit

    def within(self, first: Ints, last: Ints, active: Mask) -> Mask:
        """Return a mask of the chunks (segments of compressed readings) or readings that are wholly part of the answer.

        ``first`` and ``last`` are the times (epoch ms) of the first and last point of each chunk; for a reading, both
        are its time. A chunk or reading is included if it lies in a part of the range that is answered from readings
        and not from rollups. The mask ``active`` marks chunks that are still being filled, or readings in such chunks.
        They are in no rollup yet, so they are included wherever they lie in the range.
        """
        plan = self.plan
        inside: Mask = active & (first >= plan.low) & (last <= plan.high)
        for each in self.ranges:
            if not each.step:
                inside = inside | ((first >= each.low) & (last < each.before))
        return inside

    def chunks_to_decode(self) -> np.ndarray:
        """Return the headers of the chunks that must be decoded, because the summary in the header is not enough."""
        first, last = _reach(self.heads)
        # A chunk that reaches beyond what readings serve has points that its summary must not count.
        whole = self.within(first, last, self.heads["active"] > 0)
        if self.plan.parts is None:
            self._decoded = self._newest(first, last, self.heads["count"].astype(np.int64), whole)
        elif self.plan.query.shape != "buckets":
            self._decoded = np.ones(len(first), np.bool_)
        else:
            # A chunk that lies within one bucket is not decoded: its header has minimum, maximum, sum and count.
            edges = self.plan.edges()
            alike = np.searchsorted(edges, first, "right") == np.searchsorted(edges, last, "right")
            self._decoded = ~(whole & alike)
        to_decode: np.ndarray = self.heads[self._decoded]
        return to_decode

    def _newest(self, first: Ints, last: Ints, counts: Ints, whole: Mask) -> Mask:
        """Return a mask of the chunks that may contain any of the newest ``limit`` points.

        Args:
            first: The times of the chunks' first points, in epoch ms.
            last: The times of their last points, in epoch ms.
            counts: The numbers of their points.
            whole: Whether all points of a chunk are in the range of the query.
        """
        inside = np.flatnonzero(whole)
        # Only chunks that count as a whole: of the others it is not known how many points lie in the range.
        inside = inside[np.argsort(last[inside])[::-1]]
        enough = int(np.searchsorted(np.cumsum(counts[inside]), self.plan.query.limit))
        if enough >= len(inside):
            return np.ones(len(first), np.bool_)
        # Chunks overlap in time, so an older chunk may have newer points.
        reaching: Mask = last >= first[inside[: enough + 1]].min()
        return reaching

    def answer(self, points: Points, entries: list[RollupEntries]) -> Series:
        """Return the answer to the query, put together from single readings and from stored summaries.

        Args:
            points: The readings from the log and from the chunks (segments of compressed readings) that were decoded.
                The figures of the other chunks come from their headers.
            entries: The stored aggregates of older readings (rollups), one list for each of the query's rollup ranges.
        """
        plan = self.plan
        if plan.parts is None:
            return newest(plan, points)
        steps = [each.step for each in self.ranges if each.step]
        step = max((step for step, part in zip(steps, entries, strict=True) if len(part)), default=0)
        if plan.query.shape == "states":
            return changes(plan, points, entries, step)
        if plan.query.shape != "buckets":
            return shaped(plan, points, entries, step)
        buckets = Downsampler(plan)
        buckets.points(points)
        # Chunks that were not decoded, by their headers; then the rollups.
        heads = self.heads[~self._decoded]
        # Chunks of texts alone have no figures.
        heads = heads[heads["numbers"] > 0]
        ts, count = heads["first"].astype(np.int64), heads["numbers"].astype(np.int64)
        figures = [heads[name].astype(np.float64) for name in ("minimum", "maximum", "total")]
        buckets.summaries(ts, count, figures[0], figures[1], figures[2], heads["marks"])
        for width, part in zip(steps, entries, strict=True):
            buckets.summaries(part.start, part.count, part.minimum, part.maximum, part.total, part.marks, width)
        return buckets.series(step)


def _find(connection: SqlConnection, running: Sequence[_RunningQuery]) -> None:
    """Set the attributes ``series``, ``ranges`` and ``heads`` of each query in ``running`` from the database."""
    names = [(one.plan.query.device, one.plan.query.metric) for one in running]
    found = connection.rows(list[tuple[int | None, int | None, int | None]], _SERIES, to_json(names))
    for one, (series, raw, minutes) in zip(running, found, strict=True):
        one.series = series
        one.ranges = [] if series is None else one.plan.tier_ranges(RetentionBounds.of(raw, minutes))
    headers = read_chunk_headers(connection, [one.header_range() for one in running])
    for one, heads in zip(running, headers, strict=True):
        one.heads = heads


def _entries(connection: SqlConnection, running: Sequence[_RunningQuery]) -> list[list[RollupEntries]]:
    """Return the rollup entries (minutes or hours) that the queries need, as one list for each query.

    The list of a query is empty if readings serve its whole range.
    """
    wanted = [
        (i, (one.series, each.step, each.low, each.before))
        for i, one in enumerate(running)
        if one.series is not None and one.plan.parts is not None
        for each in one.ranges
        if each.step
    ]
    found: list[list[RollupEntries]] = [[] for _ in running]
    for (i, _), entries in zip(wanted, read_rollups(connection, [part for _, part in wanted]), strict=True):
        found[i].append(entries)
    return found


def _stored(connection: SqlConnection, running: Sequence[_RunningQuery]) -> Points:
    """Decode the chunks (segments of compressed readings) that the queries need, and return their points in order.

    ``running`` are the queries that are answered together. In the returned points, ``series`` does not hold the id of a
    stored series: it holds the index in ``running`` of the query that the point belongs to.
    """
    heads = [np.sort(one.chunks_to_decode(), order="id") for one in running]  # the order of arrival
    ids = sorted({int(number) for head in heads for number in head["id"]})
    if not ids:
        return decode([], [], [])
    packed = dict(connection.rows(list[tuple[int, bytes]], _BODIES, to_json(ids)))
    together = np.concatenate(heads)
    owner = np.repeat(np.arange(len(running)), [len(head) for head in heads])
    bodies = [packed[number] for number in together["id"].tolist()]
    points = decode(range(len(together)), together["first"].tolist(), bodies)
    # Most chunks are used with all their points; only for the others, check each point.
    whole = np.concatenate(
        [one.within(*_reach(head), head["active"] > 0) for one, head in zip(running, heads, strict=True)]
    )
    row = points.series
    points = msgspec.structs.replace(points, series=owner[row])
    if not whole.all():
        partly = np.flatnonzero(~whole[row])
        served = np.ones(len(points), np.bool_)
        for i in sorted(set(owner[~whole].tolist())):
            own = partly[points.series[partly] == i]
            served[own] = running[i].within(points.ts[own], points.ts[own], together["active"][row[own]] > 0)
        points = points.take(served)
    return points.in_order()


def _reach(head: np.ndarray) -> tuple[Ints, Ints]:
    """Return two arrays: the times of the first and of the last point of each chunk (a row of ``head``)."""
    return head["first"].astype(np.int64), head["last"].astype(np.int64)


def _points_of(points: Points, series: int) -> Points:
    """Return the points of one series; ``points`` are sorted by series."""
    start, end = np.searchsorted(points.series, [series, series + 1])
    return points.take(slice(start, end))
