"""The query plan: which tier of the history serves which part of a query's time range.

Tiers are readings (raw), minutes and hours. The width of a bucket selects the tier: a coarse tier serves its whole
steps, and finer ones serve what is left at the two ends, so that all figures are exact while readings are there::

    tier hours      low                                                       before
    range of query  ├──┬──────┬────────────────────────────────┬──────┬──┤
    served by       raw minutes             hours               minutes raw

Retention deletes readings first, then minutes. Where readings have expired, the finest tier that is left serves
(raw and minutes are the series' :class:`RetentionBounds`)::

    ──────── hours ────────┤──────── minutes ────────┤──────── readings ────────▶
                   bounds.minutes                bounds.raw

Where minutes or hours serve instead of readings, an entry of a rollup counts by the time at which it begins. With
buckets of a coarse tier, the edges between buckets are edges of that tier. Points that are in no rollup yet (in the log
and in active chunks) are read in addition, for the whole range (history.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hub.errors import Invalid
from hub.model import SeriesQuery
from hub.store.chunks.rollups import HOUR, MINUTE
from hub.store.points import Ints

MAX_BUCKETS = 10_000
MAX_TS = 253_402_300_799_999
"""The end of the year 9999 in ms. Times beyond it are clipped, so that no product of times overflows."""

MINUTES_FROM, HOURS_FROM = 10 * MINUTE, 6 * HOUR
"""Widths of buckets, in ms, from which on minutes are used, and from which on hours are used."""


class RetentionBounds(NamedTuple):
    """The times (epoch ms) from which on a series still has all its data.

    ``raw`` is the time for its readings, and ``minutes`` the time for its summaries by minute.
    """

    raw: int
    minutes: int

    @classmethod
    def of(cls, raw: int | None, minutes: int | None) -> RetentionBounds:
        return cls(-MAX_TS if raw is None else raw, -MAX_TS if minutes is None else minutes)


class TierRange(NamedTuple):
    """A part of a query's time range (ms), and the tier that it is read from: readings, minutes or hours.

    The part begins at ``low`` and ends just before ``before``. ``step`` is the length in ms that one entry of the tier
    covers: a minute or an hour, or 0 for readings.
    """

    step: int
    low: int
    before: int


class QueryPlan:
    """The plan of one query: its clipped time range, and the tier (readings, minutes or hours) that serves it.

    ``least_step`` is the step in ms of the finest tier that may be used; 0 allows readings. Raises Invalid if the
    number of buckets or points is not allowed.

    Attributes:
        query: the query.
        parts: the number of buckets into which the range is divided; None: the newest points without aggregation.
        low: the first ms of the range.
        high: the last ms of the range.
        length: the length of the range in ms.
        step: the step of the coarsest tier that may be used, in ms; 0: only readings, as long as they are kept.
    """

    def __init__(self, query: SeriesQuery, least_step: int = 0) -> None:
        self.query = query
        self.parts = query.buckets
        if self.parts is not None and not 1 <= self.parts <= MAX_BUCKETS:
            raise Invalid(f"A history has 1 to {MAX_BUCKETS} buckets, not {self.parts}.")
        if self.parts is None and query.limit < 1:
            raise Invalid(f"A history has at least 1 point, not {query.limit}.")
        if self.parts is None and query.shape != "buckets":
            raise Invalid('A "shape" needs the number of points.', 'Set "buckets", too.')
        self.low = min(max(query.start, -MAX_TS), MAX_TS)
        self.high = max(min(query.end, MAX_TS), -MAX_TS)
        if self.parts is not None and query.shape == "buckets":
            self.high = self.high - 1 if self.high > self.low else self.high  # buckets exclude the end
        self.length = max(self.high - self.low + 1, 0)
        width = 0 if self.parts is None else self.length // self.parts
        if query.shape == "states":
            width = 0  # changes of state are exact only in readings: use them as long as there are any
        self.step = max(least_step, HOUR if width >= HOURS_FROM else MINUTE if width >= MINUTES_FROM else 0)

    def edges(self) -> Ints:
        """Return the times (epoch ms) at which the buckets begin."""
        parts = self.parts or 1
        # In whole milliseconds, rounded up: an edge is the first millisecond of its bucket.
        edges = self.low - (-np.arange(parts, dtype=np.int64) * self.length // parts)
        if self.step:
            edges[1:] = edges[1:] // self.step * self.step
        return edges

    def tier_ranges(self, bounds: RetentionBounds) -> list[TierRange]:
        """Divide the time range into parts, each with the tier (readings, minutes or hours) that it is read from.

        ``bounds`` say from when on the series still has its readings and its minutes. The order of the parts is not
        defined.
        """
        return list(_ranges(self.step, self.low, self.low + self.length, bounds))


def _ranges(step: int, low: int, before: int, bounds: RetentionBounds) -> Iterator[TierRange]:
    """Divide the range from ``low`` to just before ``before`` into parts, each with the resolution that answers it.

    ``step`` is the coarsest resolution to use: an hour or a minute in ms, or 0 for readings. Whole steps are answered
    from it. What is left at both ends of the range is answered from finer resolutions.
    """
    if low >= before:
        return
    if not step:
        yield from _finest(low, before, bounds)
        return
    # Minutes before the bound are deleted, so this tier begins there; `_finest` serves the part before it from hours.
    begin = max(low, bounds.minutes) if step == MINUTE else low
    first, last = -(-begin // step) * step, before // step * step
    finer = 0 if step == MINUTE else MINUTE
    if first >= last:
        yield from _ranges(finer, low, before, bounds)
        return
    yield from _ranges(finer, low, first, bounds)
    yield TierRange(step, first, last)
    yield from _ranges(finer, last, before, bounds)


def _finest(low: int, before: int, bounds: RetentionBounds) -> Iterator[TierRange]:
    """Yield the parts of a time range, each with the finest tier of the history that still has its data.

    Readings serve the time from the first kept reading on. Before it, minutes and then hours serve. Entries of a rollup
    that end after the first kept reading are left out: they would count its readings twice. The range begins with
    ``low`` and ends before ``before``.
    """
    # An entry counts by its start: the last one that ends before the first reading starts a step earlier.
    minutes = min(before, bounds.raw - MINUTE + 1)
    hours = min(before, bounds.minutes, bounds.raw - HOUR + 1)
    for each in (
        TierRange(0, max(low, bounds.raw), before),
        TierRange(MINUTE, max(low, bounds.minutes), minutes),
        TierRange(HOUR, low, hours),
    ):
        if each.low < each.before:
            yield each
