"""The numbers of series as columns: what a sheet's rows are called in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from hub.model import Sheet
from hub.store.columns import Ints

Ask = Callable[[str, Iterable[str]], list[int]]
"""The numbers of a device's metrics."""


class Numbering:
    """Remembers, by table and row, what :data:`Ask` has answered, once the transaction in which it did has succeeded
    (:meth:`keep`)."""

    def __init__(self) -> None:
        self._known: dict[int, Ints] = {}
        self._fresh: list[tuple[int, Ints, Ints]] = []

    def begin(self) -> None:
        self._fresh.clear()

    def of(self, sheet: Sheet, ask: Ask) -> Ints:
        """A line for each record of the sheet, its metrics in their order."""
        known = self._known.get(sheet.table)
        size = int(sheet.rows.max()) + 1
        if known is None or len(known) < size:
            larger = np.zeros((max(64, 2 * size), len(sheet.names)), np.int64)
            if known is not None:
                larger[: len(known)] = known
            known = self._known[sheet.table] = larger
        found = known[sheet.rows]
        unknown = found[:, 0] == 0  # which no series is
        if unknown.any():
            rows, turn = np.unique(sheet.rows[unknown], return_inverse=True)
            lines = np.array([ask(sheet.owners[row], sheet.names) for row in rows.tolist()], np.int64)
            found[unknown] = lines[turn]
            self._fresh.append((sheet.table, rows, lines))
        return found

    def keep(self) -> None:
        for table, rows, lines in self._fresh:
            self._known[table][rows] = lines
        self._fresh.clear()
