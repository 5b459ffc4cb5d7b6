"""One query as the times it covers, and what serves each stretch of them: readings, minutes or hours. It knows no
table.

The tier goes by the width of a bucket. A coarse tier serves whole steps; what is left at the two ends is served by the
finer ones. So all figures are exact while the readings are there, and the edges between buckets are the tier's own.
Where readings have expired, an entry of a rollup counts by the time at which it begins.
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
"""The end of the year 9999 in ms; times beyond it are cut to it, so that no product of times overflows."""

MINUTES_FROM, HOURS_FROM = 10 * MINUTE, 6 * HOUR
"""From this width of a bucket on the minutes serve, and the hours."""


class RetentionBounds(NamedTuple):
    """From when on a series has all its readings, and all its minutes."""

    raw: int
    minutes: int

    @classmethod
    def of(cls, raw: int | None, minutes: int | None) -> RetentionBounds:
        return cls(-MAX_TS if raw is None else raw, -MAX_TS if minutes is None else minutes)


class TierRange(NamedTuple):
    """What begins at ``low`` or later and before ``before``, from the tier with that ``step`` (0: readings)."""

    step: int
    low: int
    before: int


class QueryPlan:
    """One query, checked, with its times within what can be reckoned with. ``least_step`` forces a coarser tier."""

    def __init__(self, query: SeriesQuery, least_step: int = 0) -> None:
        self.query = query
        self.parts = query.buckets
        if self.parts is not None and not 1 <= self.parts <= MAX_BUCKETS:
            raise Invalid(f"A history has 1 to {MAX_BUCKETS} buckets, not {self.parts}.")
        if self.parts is None and query.limit < 1:
            raise Invalid(f"A history has at least 1 point, not {query.limit}.")
        if self.parts is None and query.shape != "buckets":
            raise Invalid("A shape needs to know how many points it may have.", 'Say "buckets", too.')
        self.low = min(max(query.start, -MAX_TS), MAX_TS)
        self.high = max(min(query.end, MAX_TS), -MAX_TS)
        if self.parts is not None and query.shape == "buckets":
            self.high = self.high - 1 if self.high > self.low else self.high  # buckets exclude the end
        self.length = max(self.high - self.low + 1, 0)
        width = 0 if self.parts is None else self.length // self.parts
        if query.shape == "states":
            width = 0  # they are told by the readings as long as there are any
        self.step = max(least_step, HOUR if width >= HOURS_FROM else MINUTE if width >= MINUTES_FROM else 0)

    def edges(self) -> Ints:
        """Where the buckets begin."""
        parts = self.parts or 1
        edges = self.low - (-np.arange(parts, dtype=np.int64) * self.length // parts)
        if self.step:
            edges[1:] = edges[1:] // self.step * self.step
        return edges

    def tier_ranges(self, floors: RetentionBounds) -> list[TierRange]:
        """What serves which stretch, in no order. Points that are in no rollup yet come besides."""
        return list(_pieces(self.step, self.low, self.low + self.length, floors))


def _pieces(step: int, low: int, before: int, floors: RetentionBounds) -> Iterator[TierRange]:
    if low >= before:
        return
    if not step:
        yield from _finest(low, before, floors)
        return
    floor = max(low, floors.minutes) if step == MINUTE else low
    first, last = -(-floor // step) * step, before // step * step
    finer = 0 if step == MINUTE else MINUTE
    if first >= last:
        yield from _pieces(finer, low, before, floors)
        return
    yield from _pieces(finer, low, first, floors)
    yield TierRange(step, first, last)
    yield from _pieces(finer, last, before, floors)


def _finest(low: int, before: int, floors: RetentionBounds) -> Iterator[TierRange]:
    """The readings, and before them the finest that is left. Entries that end after the readings begin would count
    some of them twice."""
    minutes = min(before, floors.raw - MINUTE + 1)
    hours = min(before, floors.minutes, floors.raw - HOUR + 1)
    for piece in (
        TierRange(0, max(low, floors.raw), before),
        TierRange(MINUTE, max(low, floors.minutes), minutes),
        TierRange(HOUR, low, hours),
    ):
        if piece.low < piece.before:
            yield piece
