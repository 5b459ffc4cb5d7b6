"""Reduce readings, chunk summaries and rollup entries to the points of one answer."""

from __future__ import annotations

import numpy as np
from tsdownsample import LTTBDownsampler, MinMaxDownsampler

from hub.model import Point, Series
from hub.store.chunks.rollups import RollupEntries
from hub.store.points import Bytes, Floats, Ints, Points
from hub.store.query.gaps import gaps_of, marks_of
from hub.store.query.query_plan import QueryPlan


def newest(plan: QueryPlan, points: Points) -> Series:
    """Return the newest points in the time range of the query, without aggregation, at most as many as its limit.

    ``points`` are the points of one series in the order of time.
    """
    start, end = np.searchsorted(points.ts, [plan.low, plan.high + 1])
    chosen = points.take(slice(max(start, end - plan.query.limit), max(start, end)))
    ones = np.ones(len(chosen), np.int64)
    return Series(
        plan.query.device,
        plan.query.metric,
        list(zip(chosen.ts.tolist(), chosen.values(), strict=True)),
        gaps_of(chosen.ts, chosen.ts, ones),
        marks_of(chosen.ts, chosen.ts, quality_bits(chosen.quality)),
    )


class Downsampler:
    """Computes the buckets (equal intervals) of a query's answer.

    Points, and summaries that each stand for several points, can be added in any order.
    """

    def __init__(self, plan: QueryPlan) -> None:
        self._plan = plan
        self._edges = plan.edges()  # where each bucket begins
        parts = len(self._edges)
        # One entry per bucket: the figures so far, a bit mask of its qualities, and where what it covers ends.
        self._count, self._total = np.zeros(parts, np.int64), np.zeros(parts)
        self._minimum, self._maximum = np.full(parts, np.inf), np.full(parts, -np.inf)
        self._bits = np.zeros(parts, np.uint8)
        # A rollup entry may reach beyond the end of its bucket (see `summaries`), which must not look like a gap.
        self._ends = np.append(self._edges[1:], plan.low + plan.length)

    def points(self, points: Points) -> None:
        """Add points, which are in the order of time. Texts and points outside the range are ignored."""
        low, high = np.searchsorted(points.ts, [self._plan.low, self._plan.high + 1])
        points = points.take(slice(low, max(low, high))).numeric()
        places = np.searchsorted(points.ts, self._edges)
        # `reduceat` needs non-empty parts, so empty buckets are skipped.
        filled = np.flatnonzero(np.diff(np.append(places, len(points))))
        if not len(filled):
            return
        starts, value = places[filled], points.value
        with np.errstate(over="ignore", invalid="ignore"):
            self._total[filled] += np.add.reduceat(value, starts)
        self._count[filled] += np.diff(np.append(starts, len(points)))
        self._minimum[filled] = np.minimum(self._minimum[filled], np.minimum.reduceat(value, starts))
        self._maximum[filled] = np.maximum(self._maximum[filled], np.maximum.reduceat(value, starts))
        self._bits[filled] |= np.bitwise_or.reduceat(quality_bits(points.quality), starts)

    def summaries(
        self, ts: Ints, count: Ints, minimum: Floats, maximum: Floats, total: Floats, bits: Bytes, step: int = 0
    ) -> None:
        """Add summaries, such as entries of rollups. A summary stands for several points of one period.

        The arguments except ``step`` are arrays with one entry per summary.

        Args:
            ts: The beginning of the period in epoch ms, which decides the bucket.
            count: The number of points.
            minimum: The smallest value.
            maximum: The largest value.
            total: The sum of the values.
            bits: A bit mask of the qualities of the points.
            step: The length of each period in ms.
        """
        # `ufunc.at` and not indexing: several summaries may fall into one bucket.
        inside = np.searchsorted(self._edges, ts, "right") - 1
        with np.errstate(over="ignore", invalid="ignore"):
            np.add.at(self._total, inside, total)
        np.add.at(self._count, inside, count)
        np.minimum.at(self._minimum, inside, minimum)
        np.maximum.at(self._maximum, inside, maximum)
        np.bitwise_or.at(self._bits, inside, bits)
        np.maximum.at(self._ends, inside, ts + step)

    def series(self, step: int) -> Series:
        """Return the buckets (equal parts of the time range) that have points, with the aggregated values of each.

        ``step`` is the length in ms of the coarsest rollup entries that were used, 0 if none; it is part of the result.
        """
        found = np.flatnonzero(self._count)
        count, minimum, maximum = self._count[found], self._minimum[found], self._maximum[found]
        mean = means(count, minimum, maximum, self._total[found])
        starts, ends = self._edges[found], self._ends[found]
        columns = (starts, minimum, mean, maximum, count)
        points: list[Point] = list(zip(*(column.tolist() for column in columns), strict=True))
        query = self._plan.query
        marks = marks_of(starts, ends, self._bits[found])
        return Series(query.device, query.metric, points, gaps_of(starts, ends, count), marks, step)


def means(count: Ints, minimum: Floats, maximum: Floats, total: Floats) -> Floats:
    """Return the mean of each bucket from its count, minimum, maximum and sum (``total``).

    Rounding cannot move a mean outside minimum and maximum. If a sum is infinite, the mean is the middle between the
    two.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean = total / count
        # A sum that overflowed says nothing about the mean; the middle of the extremes is the best that is left.
        return np.clip(np.where(np.isfinite(mean), mean, minimum / 2 + maximum / 2), minimum, maximum)


def shaped(plan: QueryPlan, points: Points, entries: list[RollupEntries], step: int) -> Series:
    """Return at most as many points as the query has buckets, chosen so that the line keeps its shape.

    ``lttb`` keeps the points with the largest triangles, ``minmax`` the extremes of each interval. A rollup entry
    counts as one point with its mean for ``lttb``, and as two points with its extremes for ``minmax``.
    """
    low, high = np.searchsorted(points.ts, [plan.low, plan.high + 1])
    points = points.take(slice(low, max(low, high))).numeric()
    ts, value, bits, count = (
        [points.ts],
        [points.value],
        [quality_bits(points.quality)],
        [np.ones(len(points), np.int64)],
    )
    for part in entries:
        mean = means(part.count, part.minimum, part.maximum, part.total)
        for column in (mean,) if plan.query.shape == "lttb" else (part.minimum, part.maximum):
            ts.append(part.start)
            value.append(column)
            bits.append(part.marks)
            count.append(part.count)
    at = np.concatenate(ts)
    # Stable, because the minimum and the maximum of an entry have the same time.
    order = np.argsort(at, kind="stable")
    at, values = at[order], np.concatenate(value)[order]
    chosen = _chosen(at, values, plan.query.shape, plan.parts or 1)
    query = plan.query
    return Series(
        query.device,
        query.metric,
        list(zip(at[chosen].tolist(), values[chosen].tolist(), strict=True)),
        gaps_of(at, at, np.concatenate(count)[order]) if not step else [],
        marks_of(at, at, np.concatenate(bits)[order]),
        step,
    )


def _chosen(ts: Ints, value: Floats, shape: str, count: int) -> Ints:
    if len(ts) <= max(count, 3):
        return np.arange(len(ts))
    # The library has no types of its own.
    found = (
        LTTBDownsampler().downsample(ts, value, n_out=max(count, 3))  # type: ignore[no-untyped-call]
        if shape == "lttb"
        else MinMaxDownsampler().downsample(ts, value, n_out=max(count // 2 * 2, 2))  # type: ignore[no-untyped-call]
    )
    return np.asarray(found, np.int64)


def quality_bits(quality: Bytes) -> Bytes:
    """Return, for each quality code ``q``, a number in which only bit ``q`` is set; 0 for good quality (code 0)."""
    return np.left_shift(np.uint8(1), quality) & np.uint8(0xFE)
