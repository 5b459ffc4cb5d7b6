"""Points of the log, sorted by series, so that a binary search finds the points of one series.

::

    SortedRun    points sorted by series, then by order of arrival. Never changed.
    RunSlice     the part of a run that arrived between two commits
    RunSet       the points of consecutive batches: slices of runs, and loose points that are in no run yet
    RunPage      the next series of a run set, for one slice of a compaction

A run stores with each point its *place* in the order of arrival. The points of a run that a query may see, from one
commit to another, are then a range of places.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.store.points import Bytes, Floats, Ints, Points, empty, join

Numbers = NDArray[np.uint32]

_MAX_ID = (1 << 32) - 1


class SortedRun(msgspec.Struct, frozen=True):
    """Points sorted by series, then by order of arrival. 26 bytes per point.

    Attributes:
        place: the position of each point in the order of arrival.
        texts: the texts. The value of a text point is an index into this list.
    """

    series: Numbers
    place: Numbers
    ts: Ints
    value: Floats
    kind: Bytes
    quality: Bytes
    texts: Sequence[str]

    @classmethod
    def of(cls, points: Points) -> SortedRun:
        """Return a run with these points, which are in the order of arrival."""
        series = points.series.astype(np.uint32)
        # Stable, so that the points of one series stay in the order of arrival.
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
        """Return the highest id of a series; 0 without points."""
        return int(self.series[-1]) if len(self) else 0

    def begin(self, series: int) -> int:
        """Return the index of the first point of the series with the id ``series``.

        If this series has no points, it is the first point of the series with the next higher id.
        """
        # The key has the type of the array: otherwise numpy converts the whole array to the type of the key.
        return int(np.searchsorted(self.series, np.uint32(series))) if series <= _MAX_ID else len(self)


class RunSlice(msgspec.Struct, frozen=True):
    """The points of a sorted run whose :attr:`SortedRun.place` is at least ``low`` and less than ``high``.

    The place of a point is its position in the order of arrival.
    """

    run: SortedRun
    low: int
    high: int

    def take(self, which: slice | Ints) -> Points:
        """Return the points of this slice among ``which``, which are indices of points in the whole run."""
        run = self.run
        if self.low > 0 or self.high < len(run):  # else the whole run is visible
            place = run.place[which]
            seen = np.flatnonzero((place >= self.low) & (place < self.high))
            which = seen + which.start if isinstance(which, slice) else which[seen]
        found = Points(
            run.series[which].astype(np.int64),
            run.ts[which],
            run.value[which],
            run.kind[which],
            run.quality[which],
            run.texts,
        )
        # A run has the texts of many series; the caller needs only those of its points.
        return found.own_texts() if run.texts else found

    def points_of(self, wanted: Ints) -> Points:
        """Return those points of this part of the run that belong to the series with the ids ``wanted`` (ascending)."""
        keys = wanted.astype(np.uint32)
        begins = np.searchsorted(self.run.series, keys)
        lengths = np.searchsorted(self.run.series, keys, "right") - begins
        if not lengths.any():
            return empty()
        # The indices of all the series' ranges, one after another, without a loop in Python.
        first = np.cumsum(lengths) - lengths
        return self.take(np.repeat(begins - first, lengths) + np.arange(int(lengths.sum())))


class RunPage(msgspec.Struct, frozen=True):
    """All points of some series, for one slice of a compaction.

    The ids of these series are below ``bound``. ``more`` is True if there are points of series with the id ``bound`` or
    a higher id.
    """

    points: Points
    bound: int
    more: bool


class RunSet(msgspec.Struct, frozen=True):
    """The points of consecutive batches.

    ``slices`` are the parts of these batches that are sorted into runs. ``loose`` are later points, which are not
    sorted yet and are in the order of arrival.
    """

    slices: Sequence[RunSlice]
    loose: Points

    def points_of(self, wanted: Ints) -> Points:
        """Return the points of the series ``wanted`` (ascending ids), by series, then in order of arrival."""
        found = [part.points_of(wanted) for part in self.slices]
        if len(self.loose) and len(wanted):
            # A table by id: faster than a search for each of the loose points.
            among = np.zeros(max(int(wanted[-1]), int(self.loose.series.max())) + 1, np.bool_)
            among[wanted] = True
            found.append(self.loose.take(np.flatnonzero(among[self.loose.series])))
        return join([points for points in found if len(points)] or [empty()]).by_series()

    def slice(self, low: int, points: int, series: int) -> RunPage:
        """Return a page of points: all points of several series, beginning with the series id ``low``.

        The page ends before it would have more than ``points`` points or ``series`` series, but it has at least one
        series.
        """
        parts = list(self.slices)
        if len(self.loose):
            # The binary search needs sorted points. Loose points are few.
            run = SortedRun.of(self.loose)
            parts.append(RunSlice(run, 0, len(run)))
        begins = [part.run.begin(low) for part in parts]
        bound = _bound(parts, begins, points, series)
        if bound is None:
            return RunPage(empty(), low, False)
        ends = [part.run.begin(bound) for part in parts]
        found = [part.take(slice(a, b)) for part, a, b in zip(parts, begins, ends, strict=True) if a < b]
        more = any(end < len(part.run) for part, end in zip(parts, ends, strict=True))
        return RunPage(join(found), bound, more)


def _bound(parts: Sequence[RunSlice], begins: Sequence[int], points: int, series: int) -> int | None:
    """Return the series id before which the page ends; None if no points are left for the page.

    The page should have about ``points`` points, and has all points of each of its series. ``begins`` has, for each of
    ``parts``, the index of the page's first point. Series ids have few gaps: the search begins with a range of
    ``series`` ids, widens it while it has few points, then narrows it while it has too many.
    """
    heads = [int(part.run.series[a]) for part, a in zip(parts, begins, strict=True) if a < len(part.run)]
    if not heads:
        return None
    low, last, width = min(heads), max(int(part.run.series[-1]) for part in parts), series

    def count() -> int:
        return sum(part.run.begin(low + width) - a for part, a in zip(parts, begins, strict=True))

    while 2 * count() <= min(points, series) and low + width <= last:
        width *= 2
    while width > 1 and (found := count()) > (points if width <= series else min(points, series)):
        width = max(min(width * points // (found + found // 16), width * 3 // 4), 1)
    return low + width
