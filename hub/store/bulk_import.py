"""Import readings from tables directly into chunks. The log, the device states and the checkpoint do not change."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.model import Reading, Value
from hub.store.chunks.compaction import write_points
from hub.store.connection import SqlConnection
from hub.store.points import QUALITY_CODES, Points, encode_values
from hub.store.query.paging import series_points
from hub.store.rows import reading_history
from hub.store.wal.memtable import fresh_points
from hub.store.writer import StoreWriter

_PAGE = 100_000
"""How many stored points are read at once for comparison. The readings of one import may be years apart."""

_Key = tuple[int, type, Value]


def add_readings(writer: StoreWriter, readings: Sequence[Reading]) -> int:
    """Add readings directly to chunks. They get no record numbers. See :meth:`hub.store.base.Store.add`."""
    if not readings:
        return 0
    with writer.adding(list(dict.fromkeys((one.device, one.metric) for one in readings))) as numbers:
        connection = writer.connection
        # Inside the block of `adding`, so that ids of new series are cached only if the transaction succeeds.
        with reading_history(numbers.values()), connection.transaction():
            writer.insert_new(numbers)
            fresh = fresh_points(connection, writer.memtable, numbers.values())
            by_series: dict[int, list[Reading]] = {}
            for one in readings:
                by_series.setdefault(numbers[one.device, one.metric], []).append(one)
            owners, new = list[int](), list[Reading]()
            for series, own in by_series.items():
                # Compare with the log and the chunks, so that an import can be repeated.
                a, b = np.searchsorted(fresh.series, [series, series + 1])
                known = _stored(connection, fresh.take(slice(a, b)), series, own)
                own = _without(own, known)
                owners += [series] * len(own)
                new += own
            write_points(connection, _columns(owners, new))
    return len(new)


def _stored(connection: SqlConnection, fresh: Points, series: int, readings: Sequence[Reading]) -> set[_Key]:
    """Return the keys (time, type and value) of the stored readings that have the same times as ``readings``.

    The caller uses the keys to skip readings that are stored already. ``series`` is the number of the series, and
    ``fresh`` has the points of this series that are not in chunks (segments of compressed readings) yet.
    """
    times = np.unique(np.array([one.ts for one in readings], np.int64))
    found: set[_Key] = set()
    at: int | None = int(times[0])
    while at is not None:
        points, at = series_points(connection, fresh, series, at, int(times[-1]), _PAGE)
        alike = points.take(np.isin(points.ts, times))
        found.update(map(_key, alike.ts.tolist(), alike.values()))
        if at is not None:  # skip pages without any of the times
            following = int(np.searchsorted(times, at))
            at = int(times[following]) if following < len(times) else None
    return found


def _without(readings: Sequence[Reading], known: set[_Key]) -> list[Reading]:
    """Return the readings whose time and value are not in ``known``. Of equal readings, only the first is returned."""
    left = []
    for one in readings:
        key = _key(one.ts, one.value)
        if key not in known:
            known.add(key)
            left.append(one)
    return left


def _key(ts: int, value: Value) -> _Key:
    # The type as well: in Python, True equals 1.
    return (ts, type(value), value)


def _columns(owners: list[int], readings: list[Reading]) -> Points:
    value, kind, texts = encode_values([one.value for one in readings])
    return Points(
        np.array(owners, np.int64),
        np.array([one.ts for one in readings], np.int64),
        value,
        np.zeros(len(readings), np.uint8) if kind is None else kind,
        np.array([QUALITY_CODES[one.quality] for one in readings], np.uint8),
        texts,
    )
