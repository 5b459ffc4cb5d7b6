"""The numbers of series as columns: what a sheet's rows are called in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hub.model import RecordBatch
from hub.store.points import Ints

Ask = Callable[[str, Iterable[str]], list[int]]
"""The numbers of a device's metrics."""


class SeriesIdCache:
    """Remembers, by table and row, what :data:`Ask` has answered, once the transaction in which it did has succeeded
    (:meth:`keep`)."""

    def __init__(self) -> None:
        self._known: dict[int, Ints] = {}
        self._fresh: list[tuple[int, Ints, Ints]] = []

    def begin(self) -> None:
        self._fresh.clear()

    def of(self, record_batch: RecordBatch, ask: Ask) -> Ints:
        """A line for each record of the sheet, its metrics in their order."""
        known = self._known.get(record_batch.table)
        size = int(record_batch.rows.max()) + 1
        if known is None or len(known) < size:
            larger = np.zeros((max(64, 2 * size), len(record_batch.names)), np.int64)
            if known is not None:
                larger[: len(known)] = known
            known = self._known[record_batch.table] = larger
        found = known[record_batch.rows]
        unknown = found[:, 0] == 0  # which no series is
        if unknown.any():
            rows, turn = np.unique(record_batch.rows[unknown], return_inverse=True)
            lines = np.array(
                [ask(record_batch.devices_by_row[row], record_batch.names) for row in rows.tolist()], np.int64
            )
            found[unknown] = lines[turn]
            self._fresh.append((record_batch.table, rows, lines))
        return found

    def keep(self) -> None:
        for table, rows, lines in self._fresh:
            self._known[table][rows] = lines
        self._fresh.clear()
