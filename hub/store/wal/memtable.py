"""The log in memory, for reading: the points of all batches that are not in chunks yet.

Readers find a batch by its number (that of its last record), so what they see is what their transaction sees: the
memory only spares them the reading. What is missing in it, they read from the table (batches.py).
"""

from __future__ import annotations

import sqlite3
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec
import numpy as np

from hub.store.points import TEXT, Points, empty, join
from hub.store.rows import Unreadable
from hub.store.wal.batch_rows import read_batches
from hub.store.wal.sorted_run import RunSet, RunSlice, SortedRun

BLOCK = 131_072
"""So many points are sorted at once (some 5 ms)."""

_ROWS = 2_000
"""Batches read at once at the start."""


class Memtable:
    """The points of all batches of the table, in memory. One thread writes it, others read.

    The newest are in the order in which they came; whenever there are :data:`BLOCK` of these they become a block, in
    the order of their series. Blocks never change, and of the newest only what is behind them does: what a reader
    holds stays.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: list[int] = []
        self._ends: list[int] = []  # of the batches, counted in points from the first that ever was here
        self._start = 0
        self._blocks: list[tuple[int, SortedRun]] = []  # where each begins, counted likewise
        self._newest = _room(4_096)
        self._newest_at = 0
        self._texts: list[str] = []

    @classmethod
    def read(cls, connection: sqlite3.Connection, problems: list[Unreadable] | None = None) -> Memtable:
        """Read all batches. With ``problems``, those that cannot be read are reported there; else they raise."""
        log, last = cls(), 0
        while batches := read_batches(connection, last + 1, (1 << 63) - 1, _ROWS, problems):
            for number, points in batches:
                log.append(number, points)
            last = batches[-1][0]
        log.sort()  # a fold may be under way, and goes through blocks
        return log

    def __len__(self) -> int:
        """In points."""
        return self._end - self._start

    @property
    def _end(self) -> int:
        return self._ends[-1] if self._ends else self._start

    @property
    def came(self) -> int:
        """How many points were ever added."""
        return self._end

    @property
    def batches(self) -> int:
        return len(self._numbers)

    @property
    def newest(self) -> int:
        """The number of the last batch."""
        return self._numbers[-1] if self._numbers else 0

    @property
    def highest_series(self) -> int:
        """The highest number of a series that has points here; 0 where there are none."""
        newest = self._newest.series[: self._end - self._newest_at]
        return max([int(newest.max(initial=0)), *(block.highest_series for _, block in self._blocks)])

    def upto(self, number: int) -> int:
        """How many points lie in the batches up to this number."""
        batches = bisect_right(self._numbers, number)
        return self._ends[batches - 1] - self._start if batches else 0

    def append(self, number: int, points: Points) -> None:
        if self._end - self._newest_at >= BLOCK:
            self.sort()
        with self._lock:
            start = self._end - self._newest_at
            end = start + len(points)
            if end > len(self._newest):
                self._newest = _room(2 * end, self._newest.take(slice(0, start)))
            if points.texts:
                value = np.where(points.kind == TEXT, points.value + len(self._texts), points.value)
                points = msgspec.structs.replace(points, value=value)
            _copy(points, self._newest, start)
            self._texts += points.texts
            self._numbers.append(number)
            self._ends.append(self._newest_at + end)

    def take_back(self) -> None:
        """Undo the last :meth:`append`: its transaction failed. Its texts stay until the next :meth:`sort`."""
        with self._lock:
            del self._numbers[-1], self._ends[-1]

    def sort(self) -> None:
        """Make a block of the newest. The last :meth:`append` cannot be taken back any more."""
        count = self._end - self._newest_at
        if not count:
            return
        points = msgspec.structs.replace(self._newest.take(slice(0, count)), texts=self._texts)
        block = SortedRun.of(points.own_texts() if self._texts else points)
        with self._lock:
            self._blocks.append((self._newest_at, block))
            self._newest, self._newest_at, self._texts = _room(4_096), self._newest_at + count, []

    def view(self, first: int, last: int) -> RunSet | None:
        """The points of the batches ``first`` to ``last`` (both included); None when one of them is not here."""
        with self._lock:
            a, b = bisect_left(self._numbers, first), bisect_left(self._numbers, last)
            if b >= len(self._numbers) or self._numbers[a] != first or self._numbers[b] != last:
                return None
            low, high = self._ends[a - 1] if a else self._start, self._ends[b]
            parts = [
                RunSlice(block, max(low - at, 0), min(high - at, len(block)))
                for at, block in self._blocks
                if low < at + len(block) and at < high
            ]
            loose = self._newest.take(slice(max(low - self._newest_at, 0), max(high - self._newest_at, 0)))
            return RunSet(parts, msgspec.structs.replace(loose, texts=self._texts))

    def forget(self, last: int) -> None:
        """Everything up to batch ``last``: it is in chunks now."""
        self.sort()
        with self._lock:
            cut = bisect_left(self._numbers, last + 1)
            self._start = self._ends[cut - 1] if cut else self._start
            self._numbers, self._ends = self._numbers[cut:], self._ends[cut:]
            self._blocks = [(at, block) for at, block in self._blocks if at + len(block) > self._start]


def _room(size: int, filled: Points | None = None) -> Points:
    room = empty(size)
    if filled is not None:
        _copy(filled, room, 0)
    return room


def _copy(points: Points, room: Points, start: int) -> None:
    part = slice(start, start + len(points))
    room.series[part], room.ts[part], room.value[part] = points.series, points.ts, points.value
    room.kind[part], room.quality[part] = points.kind, points.quality


def fresh_points(connection: sqlite3.Connection, log: Memtable, series: Iterable[int]) -> Points:
    """What this transaction sees of these series in the log and does not see in chunks, in the order of their series
    and then as it came."""
    row = connection.execute(
        "SELECT (SELECT min(id) FROM batch), (SELECT max(id) FROM batch), compacting_upto, compacting_below "
        "FROM progress"
    ).fetchone()
    first, last, upto, below = row
    wanted = np.array(sorted(set(series)), np.int64)
    if first is None or not len(wanted):
        return empty()
    if not below:
        return run_set(connection, log, first, last).of(wanted)
    # A fold is under way: of the batches up to `upto`, the series below `below` are in chunks already.
    found = [run_set(connection, log, first, upto).of(waiting)] if len(waiting := wanted[wanted >= below]) else []
    if last > upto:
        newer = connection.execute("SELECT min(id) FROM batch WHERE id > ?", (upto,)).fetchone()[0]
        found.append(run_set(connection, log, newer, last).of(wanted))
    return join([empty(), *found]).by_series()


def run_set(connection: sqlite3.Connection, log: Memtable, first: int, last: int) -> RunSet:
    """The points of the batches ``first`` to ``last``, from memory where it has them."""
    found = log.view(first, last)
    if found is not None:
        return found
    return RunSet((), join([points for _, points in read_batches(connection, first, last)]))
