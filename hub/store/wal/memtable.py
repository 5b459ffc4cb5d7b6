"""The write-ahead log in memory: the points of all batches that are not in chunks yet, for queries and compaction.

The docstring of the package shows where a point can be. The memtable counts points from the first one since start-up::

    _start          run 0's end      run 1's end = _newest_at      _end
      │ run 0           │ run 1          │ newest, in order of arrival  │
      └─────────────────┴────────────────┴──────────────────────────────┘
      _ends: where each batch ends, on this scale; batches and runs do not begin at the same points

One thread writes the memtable, others read it under its lock. Runs never change and the newest points are only
appended to, so the arrays that a reader holds do not change.
"""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec
import numpy as np

from hub.store.connection import SqlConnection
from hub.store.points import TEXT, Points, empty, join
from hub.store.rows import MAX_NUMBER, Unreadable
from hub.store.wal.batch_rows import read_batches
from hub.store.wal.sorted_run import RunSet, RunSlice, SortedRun

RUN_POINTS = 131_072
"""Number of points from which on the newest points are sorted into a run (about 5 ms)."""

_ROWS = 2_000
"""Number of batches that are read at once at start-up."""


class Memtable:
    """The newest readings, held in memory until they are compressed: all batches of the database table ``batch``."""

    def __init__(self) -> None:
        # Guards all attributes below: one thread changes them, and readers must see lists that fit together.
        self._lock = threading.Lock()
        self._numbers: list[int] = []  # the numbers of the batches, ascending
        self._ends: list[int] = []  # where each batch ends, in points added since start-up
        self._start = 0  # where the first batch begins
        self._runs: list[tuple[int, SortedRun]] = []  # where each run begins, and the run
        self._newest = _room(4_096)  # points that are in no run yet; a part of the arrays is free
        self._newest_at = 0  # where they begin
        self._texts: list[str] = []  # the texts of the newest points

    @classmethod
    def read(cls, connection: SqlConnection, problems: list[Unreadable] | None = None) -> Memtable:
        """Read all batches of readings from the log table ``batch`` into a new memtable.

        If a batch cannot be read, add it to ``problems``; without ``problems``, raise an error.
        """
        memtable = cls()
        memtable._fill(connection, problems)
        return memtable

    def reload(self, connection: SqlConnection) -> None:
        """Forget all points, and read all batches of the table ``batch`` again."""
        self.forget(MAX_NUMBER)
        self._fill(connection, None)

    def _fill(self, connection: SqlConnection, problems: list[Unreadable] | None) -> None:
        last = 0
        while batches := read_batches(connection, last + 1, MAX_NUMBER, _ROWS, problems):
            for number, points in batches:
                self.append(number, points)
            last = batches[-1][0]
        self.sort()  # a compaction may be under way, and reads runs

    def __len__(self) -> int:
        """Return the number of points."""
        return self._end - self._start

    @property
    def _end(self) -> int:
        return self._ends[-1] if self._ends else self._start

    @property
    def total_added(self) -> int:
        """Return the number of points added since start-up."""
        return self._end

    @property
    def batches(self) -> int:
        return len(self._numbers)

    @property
    def newest(self) -> int:
        """Return the number of the newest batch of readings; 0 if there is no batch."""
        return self._numbers[-1] if self._numbers else 0

    @property
    def highest_series(self) -> int:
        """Return the highest id of a series that has points here; 0 without points."""
        newest = self._newest.series[: self._end - self._newest_at]
        return max([int(newest.max(initial=0)), *(run.highest_series for _, run in self._runs)])

    def points_up_to(self, number: int) -> int:
        """Return the number of points in the batches with numbers up to ``number``."""
        batches = bisect_right(self._numbers, number)
        return self._ends[batches - 1] - self._start if batches else 0

    def append(self, number: int, points: Points) -> None:
        """Add the points of a new batch."""
        if self._end - self._newest_at >= RUN_POINTS:
            self.sort()
        with self._lock:
            start = self._end - self._newest_at
            end = start + len(points)
            if end > len(self._newest):  # readers keep the old arrays
                self._newest = _room(2 * end, self._newest.take(slice(0, start)))
            if points.texts:
                # All newest points share one list of texts, so the indices of the new points are shifted.
                value = np.where(points.kind == TEXT, points.value + len(self._texts), points.value)
                points = msgspec.structs.replace(points, value=value)
            _copy(points, self._newest, start)
            self._texts += points.texts
            self._numbers.append(number)
            self._ends.append(self._newest_at + end)

    def take_back(self) -> None:
        """Undo the last :meth:`append`, because its transaction failed.

        The texts of the removed points still take memory until the next :meth:`sort`.
        """
        with self._lock:
            del self._numbers[-1], self._ends[-1]

    def sort(self) -> None:
        """Sort the newest points, which are in order of arrival, into a new run (a block of points sorted by series).

        After that, the last :meth:`append` cannot be undone any more.
        """
        count = self._end - self._newest_at
        if not count:
            return
        points = msgspec.structs.replace(self._newest.take(slice(0, count)), texts=self._texts)
        # Outside the lock: sorting takes milliseconds, and only this thread changes the newest points.
        run = SortedRun.of(points.own_texts() if self._texts else points)
        with self._lock:
            self._runs.append((self._newest_at, run))
            self._newest, self._newest_at, self._texts = _room(4_096), self._newest_at + count, []

    def view(self, first: int, last: int) -> RunSet | None:
        """Return the points of the batches with the numbers ``first`` to ``last``, including both.

        Return None if the batch ``first`` or the batch ``last`` is not in memory. The caller then reads the table
        instead.
        """
        with self._lock:
            # The caller's transaction sees exactly these batches. If the writer has dropped one since, the caller reads
            # the table.
            a, b = bisect_left(self._numbers, first), bisect_left(self._numbers, last)
            if b >= len(self._numbers) or self._numbers[a] != first or self._numbers[b] != last:
                return None
            low, high = self._ends[a - 1] if a else self._start, self._ends[b]
            slices = [
                RunSlice(run, max(low - at, 0), min(high - at, len(run)))
                for at, run in self._runs
                if low < at + len(run) and at < high
            ]
            # Slices of the arrays, not copies: rows of committed batches are never written again.
            loose = self._newest.take(slice(max(low - self._newest_at, 0), max(high - self._newest_at, 0)))
            return RunSet(slices, msgspec.structs.replace(loose, texts=self._texts))

    def forget(self, last: int) -> None:
        """Drop the batches with numbers up to ``last``, because their points are stored in chunks now."""
        self.sort()  # runs can be dropped as a whole; a run that has newer points, too, stays until these are gone
        with self._lock:
            cut = bisect_left(self._numbers, last + 1)
            self._start = self._ends[cut - 1] if cut else self._start
            self._numbers, self._ends = self._numbers[cut:], self._ends[cut:]
            self._runs = [(at, run) for at, run in self._runs if at + len(run) > self._start]


def _room(size: int, filled: Points | None = None) -> Points:
    room = empty(size)
    if filled is not None:
        _copy(filled, room, 0)
    return room


def _copy(points: Points, room: Points, start: int) -> None:
    part = slice(start, start + len(points))
    room.series[part], room.ts[part], room.value[part] = points.series, points.ts, points.value
    room.kind[part], room.quality[part] = points.kind, points.quality


def fresh_points(connection: SqlConnection, memtable: Memtable, series: Iterable[int]) -> Points:
    """Return the points of these series that are in the log and not yet in chunks.

    Batches that the caller's transaction on ``connection`` does not see are left out. The points are sorted by series,
    then by order of arrival.
    """
    row = connection.execute(
        "SELECT (SELECT min(id) FROM batch), (SELECT max(id) FROM batch), compacting_upto, compacting_below "
        "FROM progress"
    ).fetchone()
    first, last, upto, below = row
    ids = np.array(sorted(set(series)), np.int64)
    # The numbers come from the reader's transaction, so a batch that is committed meanwhile does not count.
    if first is None or not len(ids):
        return empty()
    if not below:
        return run_set(connection, memtable, first, last).points_of(ids)
    # A compaction is under way: of the batches up to `upto`, the series below `below` are in chunks already.
    waiting = ids[ids >= below]
    found = [run_set(connection, memtable, first, upto).points_of(waiting)] if len(waiting) else []
    if last > upto:
        newer = connection.execute("SELECT min(id) FROM batch WHERE id > ?", (upto,)).fetchone()[0]
        found.append(run_set(connection, memtable, newer, last).points_of(ids))
    return join([empty(), *found]).by_series()


def run_set(connection: SqlConnection, memtable: Memtable, first: int, last: int) -> RunSet:
    """Return the points of the batches ``first`` to ``last``.

    They come from memory. If the memtable does not have all of these batches, they are read from the database.
    """
    found = memtable.view(first, last)
    if found is not None:
        return found
    return RunSet((), join([points for _, points in read_batches(connection, first, last)]))
