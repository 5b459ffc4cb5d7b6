"""Collect the readings of one commit, single records and record batches, for one row of the write-ahead log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.model import NO_KEY, Quality, Record, RecordBatch, Value
from hub.store.points import QUALITY_CODES as CODES
from hub.store.points import Ints, encode_values
from hub.store.wal.batch_rows import LogBatch


class BatchBuilder:
    """Collects the records of one commit, and turns them into a :class:`LogBatch`.

    Each record is added with the ids of its series, in the order of its metrics.
    """

    def __init__(self) -> None:
        # One entry a single record:
        self._ts: list[int] = []
        self._received: list[int] = []
        self._counts: list[int] = []  # how many values it has
        self._qualities: list[Quality] = []
        # One entry a single record that has a deduplication key and values:
        self._firsts: list[int] = []  # the id of its first series
        self._keys: list[int] = []
        # One entry a value of a single record:
        self._series: list[int] = []
        self._values: list[Value] = []
        # Record batches, whose records come after the single ones, with the ids of their series:
        self._record_batches: list[tuple[RecordBatch, Ints]] = []

    def add(self, record: Record, series: Sequence[int]) -> None:
        """Add a single record. ``series`` has the series ids of its metrics, in the order of ``record.values``."""
        self._ts.append(record.ts)
        self._received.append(record.received)
        self._counts.append(len(series))
        self._qualities.append(record.quality)
        if record.key is not None and series:
            self._firsts.append(series[0])
            self._keys.append(record.key)
        self._series += series
        self._values += record.values.values()

    def add_batch(self, record_batch: RecordBatch, series: Ints) -> None:
        """Add the records of a record batch.

        ``series`` is an array of the ids of the series, with one row per record and one column per metric.
        """
        self._record_batches.append((record_batch, series))

    def keyed(self) -> tuple[Ints, Ints]:
        """Return two arrays with one entry for each record that has a deduplication key: a series id, and the key.

        The series is the record's first one. Its id identifies the record's device.
        """
        firsts, keys = [np.array(self._firsts, np.int64)], [np.array(self._keys, np.int64)]
        for record_batch, series in self._record_batches:
            kept = record_batch.keys != NO_KEY
            firsts.append(series[kept, 0])
            keys.append(record_batch.keys[kept])
        return np.concatenate(firsts), np.concatenate(keys)

    def batch(self) -> LogBatch | None:
        """Return the collected readings as one row of the log; None if there are no values.

        Raises OverflowError for a time or number that does not fit.
        """
        record_batches = self._record_batches
        value, kind, texts = encode_values(self._values)
        series = np.array(self._series, np.int64)
        counts = np.array(self._counts, np.int64)
        finite = np.isfinite(value)
        if not finite.all():  # dialects refuse NaN and infinity already; no rule or chart could use them
            owner = np.repeat(np.arange(len(counts)), counts)[finite]
            counts = np.bincount(owner, minlength=len(counts))
            series, value, kind = series[finite], value[finite], None if kind is None else kind[finite]
        added = sum(record_batch.values.size for record_batch, _ in record_batches)
        if not len(series) + added:
            return None
        records = sum(len(record_batch) for record_batch, _ in record_batches)
        good = set(self._qualities) <= {"good"}
        # Record batches have numbers of good quality only: their codes are zero bytes.
        return LogBatch(
            _packed("<i8", np.array(self._ts, np.int64), *(record_batch.ts for record_batch, _ in record_batches)),
            _packed(
                "<i8",
                np.array(self._received, np.int64),
                *(record_batch.received for record_batch, _ in record_batches),
            ),
            _packed(
                "<u4",
                counts,
                *(np.full(len(record_batch), len(record_batch.names)) for record_batch, _ in record_batches),
            ),
            _packed("<u4", series, *(series.ravel() for _, series in record_batches)),
            _packed("<f8", value, *(record_batch.values.ravel() for record_batch, _ in record_batches)),
            b"" if good else bytes([CODES[quality] for quality in self._qualities]) + bytes(records),
            b"" if kind is None else kind.tobytes() + bytes(added),
            tuple(texts),
        )


def _packed(form: str, *columns: np.ndarray) -> bytes:
    return np.concatenate(columns).astype(form, copy=False).tobytes()
