"""Keep, as columns, the readings of the fast path that rules with a window have not evaluated yet.

A rule such as "rises by 5 within 10 minutes" needs the earlier readings once a value leaves the range in which no rule
changes state. So the last readings of each device with such rules are kept and passed to the rules together: as soon as
there are :data:`SIZE`, and before anything else reads or changes the device.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hub.model import Floats, Ints, RecordBatch
from hub.registry.fastpath.last_seen import grown

SIZE = 64
"""Maximum number of readings kept for each row (device). More cost memory, fewer mean more calls of the rules."""
Readings = list[tuple[int, int, list[float]]]
"""For each reading: when it was measured and when it was received (ms), and its values in the schema's order."""
Follow = Callable[[Readings], None]
"""Passes readings to the rules of one device."""


class RecentReadings:
    """Keeps the readings of one schema group for those rules that need earlier readings.

    A schema group has the devices that report in one payload schema, and each device is a row. Readings are kept only
    for the rows for which :meth:`begin` was called.
    """

    def __init__(self, width: int) -> None:
        self._follow: dict[int, Follow] = {}  # by row
        self._free: list[int] = []  # positions of rows that are not followed any more
        self._place: Ints = np.zeros(0, np.int64)  # by row, its position in the columns below; -1 if not followed
        self._count: Ints = self._place  # by position, the number of readings
        self._ts: Ints = np.zeros((0, SIZE), np.int64)
        self._received = self._ts
        self._values: Floats = np.zeros((0, SIZE, width))

    def begin(self, row: int, follow: Follow) -> None:
        """Begin to keep the readings of one device, which is a row in the columns.

        When the readings are needed, :meth:`take` passes them to the function ``follow``.
        """
        if row >= len(self._place):
            self._place = np.concatenate([self._place, np.full(max(64, row), -1)])
        if self._place[row] < 0:
            place = self._free.pop() if self._free else len(self._follow)
            if place >= len(self._count):
                size = max(64, 2 * place)
                self._count, self._ts = grown(self._count, size), grown(self._ts, size)
                self._received, self._values = grown(self._received, size), grown(self._values, size)
            self._place[row], self._count[place] = place, 0
        self._follow[row] = follow

    def end(self, row: int) -> None:
        """Stop keeping the readings of the device in ``row``.

        The caller must call :meth:`take` before. Otherwise the readings that were kept so far are lost.
        """
        if self._follow.pop(row, None) is not None:
            self._free.append(int(self._place[row]))
            self._place[row] = -1

    def add(self, records: RecordBatch) -> None:
        """Keep the readings of those rows (devices) for which :meth:`begin` was called, and ignore the others.

        The records of a device must follow one another. If a row has no room for its new readings, pass all its
        readings to its rules instead.
        """
        if not self._follow:
            return
        followed = np.flatnonzero(self._places(records.rows) >= 0)
        if not len(followed):
            return
        rows = records.rows[followed]
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        lengths = np.diff(first, append=len(rows))
        start = self._count[self._place[rows[first]]]
        room = start + lengths <= SIZE
        for at, length in zip(first[~room].tolist(), lengths[~room].tolist(), strict=True):
            self.take(int(rows[at]), records.take(followed[at : at + length]))
        stays = np.repeat(room, lengths)
        which, places = followed[stays], self._place[rows[stays]]
        rank = np.arange(len(rows)) - np.repeat(first - start, lengths)
        self._ts[places, rank[stays]] = records.ts[which]
        self._received[places, rank[stays]] = records.received[which]
        self._values[places, rank[stays]] = records.values[which]
        self._count[self._place[rows[first[room]]]] += lengths[room]

    def take(self, row: int, more: RecordBatch | None = None) -> None:
        """Pass the kept readings of a device (a row) to the rules that need them, and forget the readings.

        ``more`` are newer readings of the same device, which are passed after the kept ones. If no rule of the device
        needs readings, do nothing.
        """
        follow = self._follow.get(row)
        if follow is None:
            return
        place = self._place[row]
        count, self._count[place] = int(self._count[place]), 0
        columns = [self._ts[place, :count], self._received[place, :count], self._values[place, :count]]
        readings: Readings = list(zip(*(column.tolist() for column in columns), strict=True))
        if more is not None:
            readings += zip(more.ts.tolist(), more.received.tolist(), more.values.tolist(), strict=True)
        if readings:
            follow(readings)

    def _places(self, rows: Ints) -> Ints:
        if rows.max() < len(self._place):
            return self._place[rows]
        return np.where(rows < len(self._place), self._place[np.minimum(rows, len(self._place) - 1)], -1)
