"""Points of the log in the order of their series: a series' own are found without looking at the others. It knows no
table.

A block keeps beside each point its place among those of the block as they came. So what a reader may see of it, from
one commit to another, is a bound on the places.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.store.points import Bytes, Floats, Ints, Points, empty, join

Numbers = NDArray[np.uint32]

_MOST = (1 << 32) - 1


class SortedRun(msgspec.Struct, frozen=True):
    """Points by series; those of one series as they came. 26 bytes a point."""

    series: Numbers
    place: Numbers
    ts: Ints
    value: Floats
    kind: Bytes
    quality: Bytes
    texts: Sequence[str]

    @classmethod
    def of(cls, points: Points) -> SortedRun:
        series = points.series.astype(np.uint32)
        order = np.argsort(series, kind="stable")
        return cls(
            series[order],
            order.astype(np.uint32),
            points.ts[order],
            points.value[order],
            points.kind[order],
            points.quality[order],
            points.texts,
        )

    def __len__(self) -> int:
        return len(self.ts)

    @property
    def highest_series(self) -> int:
        return int(self.series[-1]) if len(self) else 0

    def begin(self, series: int) -> int:
        """Where the first point of this series, or of a later one, stands."""
        # The key has the type of what is searched: numpy would turn all of that into the key's.
        return int(np.searchsorted(self.series, np.uint32(series))) if series <= _MOST else len(self)


class RunSlice(msgspec.Struct, frozen=True):
    """Of a block, the points whose places are from ``low`` to before ``high``."""

    block: SortedRun
    low: int
    high: int

    def take(self, which: slice | Ints) -> Points:
        block = self.block
        if self.low > 0 or self.high < len(block):
            place = block.place[which]
            seen = np.flatnonzero((place >= self.low) & (place < self.high))
            which = seen + which.start if isinstance(which, slice) else which[seen]
        found = Points(
            block.series[which].astype(np.int64),
            block.ts[which],
            block.value[which],
            block.kind[which],
            block.quality[which],
            block.texts,
        )
        return found.own_texts() if block.texts else found

    def of(self, wanted: Ints) -> Points:
        """The points of these series, which are in order."""
        keys = wanted.astype(np.uint32)
        begins = np.searchsorted(self.block.series, keys)
        lengths = np.searchsorted(self.block.series, keys, "right") - begins
        if not lengths.any():
            return empty()
        first = np.cumsum(lengths) - lengths
        return self.take(np.repeat(begins - first, lengths) + np.arange(int(lengths.sum())))


class RunPage(msgspec.Struct, frozen=True):
    """The points of the series before number ``bound``; whether there are ``more`` from that on."""

    points: Points
    bound: int
    more: bool


class RunSet(msgspec.Struct, frozen=True):
    """The points of some batches in a row: parts of blocks, and then ``loose`` ones, which are in no order."""

    parts: Sequence[RunSlice]
    loose: Points

    def of(self, wanted: Ints) -> Points:
        """The points of these series, which are in order; by series, and those of one as they came."""
        found = [part.of(wanted) for part in self.parts]
        if len(self.loose) and len(wanted):
            among = np.zeros(max(int(wanted[-1]), int(self.loose.series.max())) + 1, np.bool_)
            among[wanted] = True
            found.append(self.loose.take(np.flatnonzero(among[self.loose.series])))
        return join([points for points in found if len(points)] or [empty()]).by_series()

    def slice(self, low: int, points: int, series: int) -> RunPage:
        """The next series from number ``low`` on, with at most so many points and series; at least one series."""
        parts = list(self.parts)
        if len(self.loose):
            block = SortedRun.of(self.loose)
            parts.append(RunSlice(block, 0, len(block)))
        begins = [part.block.begin(low) for part in parts]
        bound = _bound(parts, begins, points, series)
        if bound is None:
            return RunPage(empty(), low, False)
        ends = [part.block.begin(bound) for part in parts]
        found = [part.take(slice(a, b)) for part, a, b in zip(parts, begins, ends, strict=True) if a < b]
        more = any(end < len(part.block) for part, end in zip(parts, ends, strict=True))
        return RunPage(join(found), bound, more)


def _bound(parts: Sequence[RunSlice], begins: Sequence[int], points: int, series: int) -> int | None:
    """The number before which the slice ends; None where no series is left.

    Numbers lie close together: as many are tried as there may be series, more where that would bring few points, and
    then less as long as it brings too many.
    """
    heads = [int(part.block.series[a]) for part, a in zip(parts, begins, strict=True) if a < len(part.block)]
    if not heads:
        return None
    low, last, width = min(heads), max(int(part.block.series[-1]) for part in parts), series

    def count() -> int:
        return sum(part.block.begin(low + width) - a for part, a in zip(parts, begins, strict=True))

    while 2 * count() <= min(points, series) and low + width <= last:
        width *= 2
    while width > 1 and (found := count()) > (points if width <= series else min(points, series)):
        width = max(min(width * points // (found + found // 16), width * 3 // 4), 1)
    return low + width
