"""Reduce a series of states (booleans, texts) to the times at which the state changed.

Where the readings have expired, a minute or an hour in which a boolean was both true and false becomes one point with
the share of its true readings. If there are more changes than the answer may have points, each part of the range
becomes one point.
"""

from __future__ import annotations

import msgspec
import numpy as np

from hub.model import Point, Series
from hub.store.chunks.rollups import RollupEntries
from hub.store.points import BOOLEAN, NUMBER, TEXT, Floats, Ints, Mask, Points
from hub.store.query.downsampler import means, quality_bits
from hub.store.query.gaps import gaps_of, marks_of
from hub.store.query.query_plan import QueryPlan


def changes(plan: QueryPlan, points: Points, entries: list[RollupEntries], step: int) -> Series:
    """Return the changes of a metric's state within the range of the plan, and the last reading.

    A point ``[ts, value]`` says that a state begins at ``ts``. The last reading shows how long the last state held. A
    point ``[ts, min, mean, max, count]`` stands for an interval in which a boolean had both states. If there are more
    changes than the plan allows points, each part of the range gets one point: such an interval, or the last state in
    that part.

    Args:
        plan: The plan of the query.
        points: The readings.
        entries: Minutes or hours of the metric, for the times of which no readings are left.
        step: The longest step of these entries in ms; 0 without entries.
    """
    low, high = np.searchsorted(points.ts, [plan.low, plan.high + 1])
    points = _merge_texts(points.take(slice(low, max(low, high))))
    # Rollup entries have no kind: they are booleans if the readings in the range are.
    kind = np.full(sum(map(len, entries)), BOOLEAN if (points.kind == BOOLEAN).any() else NUMBER, np.uint8)
    ones = np.ones(len(points), np.int64)
    ts = np.concatenate([points.ts, *(part.start for part in entries)])
    order = np.argsort(ts, kind="stable")
    rows = _Rows(
        ts[order],
        np.concatenate([points.kind, kind])[order],
        np.concatenate([points.value, *(part.minimum for part in entries)])[order],
        np.concatenate([points.value, *(part.maximum for part in entries)])[order],
        np.concatenate([points.value, *(means(p.count, p.minimum, p.maximum, p.total) for p in entries)])[order],
        np.concatenate([ones, *(part.count for part in entries)])[order],
        list(points.texts),
    )
    bits = np.concatenate([quality_bits(points.quality), *(part.marks for part in entries)])[order]
    turns = rows.state_changes()
    query = plan.query
    return Series(
        query.device,
        query.metric,
        rows.points(turns) if len(turns) <= (plan.parts or 1) else rows.summarized(plan.edges()),
        gaps_of(rows.ts, rows.ts, rows.count) if not step else [],
        marks_of(rows.ts, rows.ts, bits),
        step,
    )


def _merge_texts(points: Points) -> Points:
    """Return the points with a single index for each text, so that equal texts have equal values.

    The value of a text point is an index into ``texts``. Points that come from several chunks (segments of compressed
    readings) may have the same text under different indices, because each chunk has its own list of texts.
    """
    textual = points.kind == TEXT
    if not textual.any():
        return points
    first = {text: place for place, text in reversed(list(enumerate(points.texts)))}
    places = np.array([first[text] for text in points.texts], np.float64)
    value = points.value.copy()
    value[textual] = places[value[textual].astype(np.int64)]
    return msgspec.structs.replace(points, value=value)


class _Rows:
    """Readings, and rollup entries that stand for several readings, in the order of time."""

    def __init__(
        self, ts: Ints, kind: np.ndarray, minimum: Floats, maximum: Floats, mean: Floats, count: Ints, texts: list[str]
    ) -> None:
        self.ts, self.kind, self.minimum, self.maximum, self.mean, self.count = ts, kind, minimum, maximum, mean, count
        self.texts = texts

    def state_changes(self) -> Ints:
        """Return the indices of the entries that an answer needs in order to show all changes of state.

        They are:

        - each entry whose state differs from the state of the entry before;
        - each entry for an interval in which a boolean was both true and false, and the entry after it;
        - the last entry.
        """
        if not len(self.ts):
            return np.empty(0, np.int64)
        # An entry with both states counts as a change, and so does the entry after it.
        different = (self.kind[1:] != self.kind[:-1]) | (self.minimum[1:] != self.minimum[:-1])
        mixed: Mask = self.minimum != self.maximum
        begins = np.concatenate([[True], different | mixed[:-1]]) | mixed
        # The last reading is returned even without a change: a page draws the state up to it.
        begins[-1] = True
        return np.flatnonzero(begins)

    def points(self, places: Ints) -> list[Point]:
        return [self._point(int(place)) for place in places]

    def _point(self, place: int) -> Point:
        ts, minimum, maximum = int(self.ts[place]), float(self.minimum[place]), float(self.maximum[place])
        if self.kind[place] == TEXT:
            return ts, self.texts[int(minimum)]
        if minimum != maximum:
            return ts, minimum, float(self.mean[place]), maximum, int(self.count[place])
        return ts, bool(minimum) if self.kind[place] == BOOLEAN else minimum

    def summarized(self, edges: Ints) -> list[Point]:
        """Return one point for each part of the time range; a part without readings has no point.

        ``edges`` are the times (epoch ms) at which the parts begin. The point is ``(begin, value)`` if the part has
        only one value or ends with a text, which is then the value. Otherwise it is
        ``(begin, minimum, mean, maximum, count)``.
        """
        found: list[Point] = []
        places = np.searchsorted(self.ts, edges)
        for start, end, edge in zip(places, [*places[1:], len(self.ts)], edges.tolist(), strict=True):
            if start == end:
                continue
            part, last = slice(start, end), int(end) - 1
            minimum, maximum = float(self.minimum[part].min()), float(self.maximum[part].max())
            if self.kind[last] == TEXT or minimum == maximum:
                found.append((edge, *self._point(last)[1:]))
            else:
                count = int(self.count[part].sum())
                mean = float((self.mean[part] * self.count[part]).sum() / count)
                found.append((edge, minimum, mean, maximum, count))
        return found
