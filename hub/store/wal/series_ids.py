"""Cache of the series ids of record batches, as arrays, so that no record needs a look-up of names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hub.model import RecordBatch
from hub.store.points import Ints

Resolve = Callable[[str, Iterable[str]], list[int]]
"""Returns the series ids for a device and its metrics, in the order of the metrics, and creates missing series."""


class SeriesIdCache:
    """Caches the series ids of record batches, so that they need not be looked up by device and metric each time.

    Ids that a transaction has created are added only after its commit, because it may fail.
    """

    def __init__(self) -> None:
        self._known: dict[int, Ints] = {}  # by table: one line per row, one column per metric; 0 where not known
        self._fresh: list[tuple[int, Ints, Ints]] = []  # table, rows and lines of the transaction under way

    def begin(self) -> None:
        """Begin a transaction. If the previous transaction failed, the ids that it created are forgotten."""
        self._fresh.clear()

    def ids_of(self, record_batch: RecordBatch, resolve: Resolve) -> Ints:
        """Return the series ids as an array with one row per record and one column per metric.

        ``resolve`` is called for the devices that are not in the cache.
        """
        known = self._known.get(record_batch.table)
        size = int(record_batch.rows.max()) + 1
        if known is None or len(known) < size:
            larger = np.zeros((max(64, 2 * size), len(record_batch.names)), np.int64)
            if known is not None:
                larger[: len(known)] = known
            known = self._known[record_batch.table] = larger
        # Indexing with an array copies, so filling in ids below does not change the cache before the commit.
        found = known[record_batch.rows]
        unknown = found[:, 0] == 0  # ids begin at 1
        if unknown.any():
            rows, turn = np.unique(record_batch.rows[unknown], return_inverse=True)
            lines = np.array(
                [resolve(record_batch.devices_by_row[row], record_batch.names) for row in rows.tolist()], np.int64
            )
            found[unknown] = lines[turn]
            self._fresh.append((record_batch.table, rows, lines))
        return found

    def keep(self) -> None:
        """Add the ids that the current transaction has looked up to the cache. Call it after the commit."""
        for table, rows, lines in self._fresh:
            self._known[table][rows] = lines
        self._fresh.clear()
