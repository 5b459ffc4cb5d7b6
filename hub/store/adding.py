"""Readings that come from elsewhere than a device, put among the others: an import. It knows no table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from hub.model import Reading, Value
from hub.store.columns import QUALITY_CODES, Columns, coded
from hub.store.connection import transaction
from hub.store.folding import write_points
from hub.store.log import fresh_points
from hub.store.paging import series_points
from hub.store.writer import Writer

_ALL = 1 << 62


def add_readings(writer: Writer, readings: Sequence[Reading]) -> int:
    """See :meth:`hub.store.base.Store.add`. They go straight into chunks: no commit numbers them."""
    if not readings:
        return 0
    with writer.adding(list(dict.fromkeys((one.device, one.metric) for one in readings))) as numbers:
        connection = writer.connection
        with transaction(connection):
            writer.insert_new(numbers)
            fresh = fresh_points(connection, writer.log, numbers.values())
            by_series: dict[int, list[Reading]] = {}
            for one in readings:
                by_series.setdefault(numbers[one.device, one.metric], []).append(one)
            owners, new = list[int](), list[Reading]()
            for series, own in by_series.items():
                low, high = min(one.ts for one in own), max(one.ts for one in own)
                a, b = np.searchsorted(fresh.series, [series, series + 1])
                there, _ = series_points(connection, fresh.take(slice(a, b)), series, low, high, _ALL)
                own = _without(own, there)
                owners += [series] * len(own)
                new += own
            write_points(connection, _columns(owners, new))
    return len(new)


def _without(readings: list[Reading], there: Columns) -> list[Reading]:
    """Those that are not there already, at the same time and with the same value."""
    if not len(there):
        return readings
    known = Counter(map(_key, there.ts.tolist(), there.values()))
    left = []
    for one in readings:
        key = _key(one.ts, one.value)
        if known[key]:
            known[key] -= 1
        else:
            left.append(one)
    return left


def _key(ts: int, value: Value) -> tuple[int, type, Value]:
    return (ts, type(value), value)


def _columns(owners: list[int], readings: list[Reading]) -> Columns:
    value, kind, texts = coded([one.value for one in readings])
    return Columns(
        np.array(owners, np.int64),
        np.array([one.ts for one in readings], np.int64),
        value,
        np.zeros(len(readings), np.uint8) if kind is None else kind,
        np.array([QUALITY_CODES[one.quality] for one in readings], np.uint8),
        texts,
    )
