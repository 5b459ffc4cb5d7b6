"""The answer to one query, made of readings, summaries of chunks and entries of rollups. It knows no table."""

from __future__ import annotations

import numpy as np
from tsdownsample import LTTBDownsampler, MinMaxDownsampler

from hub.model import Point, Series
from hub.store.chunks.rollups import RollupEntries
from hub.store.points import Bytes, Floats, Ints, Points
from hub.store.query.gaps import gaps_of, marks_of
from hub.store.query.query_plan import QueryPlan


def newest(span: QueryPlan, points: Points) -> Series:
    """The newest of the points as they are; ``points`` are in the order of time."""
    start, end = np.searchsorted(points.ts, [span.low, span.high + 1])
    chosen = points.take(slice(max(start, end - span.query.limit), max(start, end)))
    ones = np.ones(len(chosen), np.int64)
    return Series(
        span.query.device,
        span.query.metric,
        list(zip(chosen.ts.tolist(), chosen.values(), strict=True)),
        gaps_of(chosen.ts, chosen.ts, ones),
        marks_of(chosen.ts, chosen.ts, quality_bits(chosen.quality)),
    )


class Downsampler:
    """Buckets being filled."""

    def __init__(self, span: QueryPlan) -> None:
        self._span = span
        self._edges = span.edges()
        parts = len(self._edges)
        self._count, self._total = np.zeros(parts, np.int64), np.zeros(parts)
        self._least, self._most = np.full(parts, np.inf), np.full(parts, -np.inf)
        self._bits = np.zeros(parts, np.uint8)
        self._ends = np.append(self._edges[1:], span.low + span.length)

    def points(self, points: Points) -> None:
        """In the order of time; those outside do not count, nor do texts."""
        low, high = np.searchsorted(points.ts, [self._span.low, self._span.high + 1])
        points = points.take(slice(low, max(low, high))).numeric()
        places = np.searchsorted(points.ts, self._edges)
        filled = np.flatnonzero(np.diff(np.append(places, len(points))))
        if not len(filled):
            return
        starts, value = places[filled], points.value
        with np.errstate(over="ignore", invalid="ignore"):
            self._total[filled] += np.add.reduceat(value, starts)
        self._count[filled] += np.diff(np.append(starts, len(points)))
        self._least[filled] = np.minimum(self._least[filled], np.minimum.reduceat(value, starts))
        self._most[filled] = np.maximum(self._most[filled], np.maximum.reduceat(value, starts))
        self._bits[filled] |= np.bitwise_or.reduceat(quality_bits(points.quality), starts)

    def summaries(
        self, ts: Ints, count: Ints, least: Floats, most: Floats, total: Floats, bits: Bytes, step: int = 0
    ) -> None:
        """What stands for several points each, all of them in the bucket of ``ts``; it reaches ``step`` ms."""
        inside = np.searchsorted(self._edges, ts, "right") - 1
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(self._total, inside, total)
        np.add.at(self._count, inside, count)
        np.minimum.at(self._least, inside, least)
        np.maximum.at(self._most, inside, most)
        np.bitwise_or.at(self._bits, inside, bits)
        np.maximum.at(self._ends, inside, ts + step)

    def series(self, step: int) -> Series:
        found = np.flatnonzero(self._count)
        count, least, most = self._count[found], self._least[found], self._most[found]
        mean = means(count, least, most, self._total[found])
        starts, ends = self._edges[found], self._ends[found]
        columns = (starts, least, mean, most, count)
        points: list[Point] = list(zip(*(column.tolist() for column in columns), strict=True))
        query = self._span.query
        marks = marks_of(starts, ends, self._bits[found])
        return Series(query.device, query.metric, points, gaps_of(starts, ends, count), marks, step)


def means(count: Ints, least: Floats, most: Floats, total: Floats) -> Floats:
    """A sum beyond the largest double has no mean; rounding may put one just outside of what it is the mean of."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = total / count
        return np.clip(np.where(np.isfinite(mean), mean, least / 2 + most / 2), least, most)


def thinned(span: QueryPlan, points: Points, entries: list[RollupEntries], step: int) -> Series:
    """At most so many points as there were to be buckets, chosen so that the line keeps its shape: by the largest
    triangles, or the least and the greatest of each stretch. Entries stand for points: their means, or extremes."""
    low, high = np.searchsorted(points.ts, [span.low, span.high + 1])
    points = points.take(slice(low, max(low, high))).numeric()
    ts, value, bits, count = (
        [points.ts],
        [points.value],
        [quality_bits(points.quality)],
        [np.ones(len(points), np.int64)],
    )
    for part in entries:
        mean = means(part.count, part.least, part.most, part.total)
        for column in (mean,) if span.query.shape == "lttb" else (part.least, part.most):
            ts.append(part.start)
            value.append(column)
            bits.append(part.marks)
            count.append(part.count)
    at = np.concatenate(ts)
    order = np.argsort(at, kind="stable")
    at, values = at[order], np.concatenate(value)[order]
    chosen = _chosen(at, values, span.query.shape, span.parts or 1)
    query = span.query
    return Series(
        query.device,
        query.metric,
        list(zip(at[chosen].tolist(), values[chosen].tolist(), strict=True)),
        gaps_of(at, at, np.concatenate(count)[order]) if not step else [],
        marks_of(at, at, np.concatenate(bits)[order]),
        step,
    )


def _chosen(ts: Ints, value: Floats, shape: str, most: int) -> Ints:
    if len(ts) <= max(most, 3):
        return np.arange(len(ts))
    # The library has no types of its own.
    found = (
        LTTBDownsampler().downsample(ts, value, n_out=max(most, 3))  # type: ignore[no-untyped-call]
        if shape == "lttb"
        else MinMaxDownsampler().downsample(ts, value, n_out=max(most // 2 * 2, 2))  # type: ignore[no-untyped-call]
    )
    return np.asarray(found, np.int64)


def quality_bits(quality: Bytes) -> Bytes:
    return np.left_shift(np.uint8(1), quality) & np.uint8(0xFE)
