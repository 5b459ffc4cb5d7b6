"""Records as columns: what many devices that report alike have measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.model.reading import Record

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

NO_KEY = -(2**63)
"""In a column of keys: the record has none."""


class RecordBatch(msgspec.Struct, frozen=True):
    """``n`` records with the same metrics ``names``, all numbers and of good quality, as they came.

    ``ts`` and ``received`` (epoch ms), ``keys`` and ``rows`` have one entry a record, ``values`` one line (``n`` x
    metrics, float64). A row stands for a device, ``devices_by_row`` are their ids by row; ``table`` and a row together
    mean the same device and the same metrics as long as the process runs.
    """

    table: int
    names: tuple[str, ...]
    devices_by_row: Sequence[str]
    rows: Ints
    ts: Ints
    received: Ints
    keys: Ints
    values: Floats

    def __len__(self) -> int:
        return len(self.ts)

    def devices(self) -> list[str]:
        """The ids of all devices in it, each once."""
        return [self.devices_by_row[row] for row in np.unique(self.rows).tolist()]

    def records(self) -> Iterator[Record]:
        """The same as records."""
        rows = zip(*(column.tolist() for column in (self.rows, self.ts, self.received, self.keys)), strict=True)
        for (row, ts, received, key), values in zip(rows, self.values.tolist(), strict=True):
            named = dict(zip(self.names, values, strict=True))
            yield Record(self.devices_by_row[row], ts, received, named, key=None if key == NO_KEY else key)

    def without(self, device: str) -> RecordBatch:
        """The records of all other devices."""
        others = np.array([self.devices_by_row[row] != device for row in self.rows.tolist()], np.bool_)
        return self.take(others)

    def take(self, which: Ints | Bools) -> RecordBatch:
        """The records that ``which`` selects, in its order."""
        picked = (self.rows[which], self.ts[which], self.received[which], self.keys[which], self.values[which])
        return RecordBatch(self.table, self.names, self.devices_by_row, *picked)
