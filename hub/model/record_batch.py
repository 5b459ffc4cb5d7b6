"""Records as columns: readings of many devices with the same metrics."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.model.reading import Record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NO_KEY = -(2**63)
"""Marks a record without a key in a column of keys."""
_tables = itertools.count(1)


def next_table() -> int:
    """Return a new table number, which no other table of records in this process has.

    A table is a fixed list of devices and metrics. ``RecordBatch.table`` names it, so that the store has to look up the
    ids of its series only once.
    """
    return next(_tables)


class RecordBatch(msgspec.Struct, frozen=True):
    """Records with the same metrics, in order of arrival. All values are numbers of good quality.

    Each record refers to its device by a row number of the table ``table``. As long as the process runs, the same table
    and row number always mean the same device and the same metrics.
    """

    table: int  # number of the table that the rows belong to, see next_table
    names: tuple[str, ...]  # the metrics
    devices_by_row: Sequence[str]  # device ids, by row number of the table
    rows: Ints  # the row number of each record's device; shape (n,), like ts, received and keys
    ts: Ints
    received: Ints
    keys: Ints
    values: Floats  # shape (n, metrics)

    def __len__(self) -> int:
        return len(self.ts)

    def devices(self) -> list[str]:
        """Return the ids of the batch's devices, each once."""
        return [self.devices_by_row[row] for row in np.unique(self.rows).tolist()]

    def records(self) -> Iterator[Record]:
        """Yield each row as a record."""
        rows = zip(*(column.tolist() for column in (self.rows, self.ts, self.received, self.keys)), strict=True)
        for (row, ts, received, key), values in zip(rows, self.values.tolist(), strict=True):
            by_metric = dict(zip(self.names, values, strict=True))
            yield Record(self.devices_by_row[row], ts, received, by_metric, key=None if key == NO_KEY else key)

    def without(self, device: str) -> RecordBatch:
        """Return the records of all other devices."""
        others = np.array([self.devices_by_row[row] != device for row in self.rows.tolist()], np.bool_)
        return self.take(others)

    def take(self, which: Ints | Bools) -> RecordBatch:
        """Return some of the records. ``which`` is an array of indices, or a mask with one entry per record.

        With indices, the result has the order of the indices.
        """
        picked = (self.rows[which], self.ts[which], self.received[which], self.keys[which], self.values[which])
        return RecordBatch(self.table, self.names, self.devices_by_row, *picked)
