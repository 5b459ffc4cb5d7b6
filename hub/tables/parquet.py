"""Parquet, by pyarrow, which is installed with ``watchkeeper[parquet]``.

``value`` is a double (booleans as 0 and 1, null for a text), ``text`` a string (null for the others).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hub.errors import Invalid, NotInstalled
from hub.model import Page, Reading, Value
from hub.tables.row import NEEDED, kind_of, reading

ROWS = 20_000
"""Rows read at once."""


def _arrow() -> tuple[Any, Any]:
    """Loaded only where it is needed: it takes a tenth of a second, and may be missing."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        hint = "pip install 'watchkeeper[parquet]', or take CSV."
        raise NotInstalled("This hub has no Parquet: pyarrow is not installed.", hint) from None
    return pyarrow, parquet


class ParquetTable:
    """A row group for each piece: nothing is held back but what has not been sent."""

    def __init__(self) -> None:
        self._arrow, parquet = _arrow()
        names = self._arrow.dictionary(self._arrow.int32(), self._arrow.string())
        self._schema = self._arrow.schema(
            [
                ("time", self._arrow.timestamp("ms", tz="UTC")),
                ("device", names),
                ("metric", names),
                ("value", self._arrow.float64()),
                ("text", self._arrow.string()),
                ("type", names),
                ("quality", names),
                ("unit", names),
            ]
        )
        self._out = _Outlet()
        self._writer = parquet.ParquetWriter(self._out, self._schema, compression="zstd")

    def add(self, page: Page, unit: str | None) -> bytes:
        if page.points:
            ts, values, qualities = zip(*page.points, strict=True)
            count = len(ts)
            columns = (
                ts,
                [page.device] * count,
                [page.metric] * count,
                [None if isinstance(value, str) else float(value) for value in values],
                [value if isinstance(value, str) else None for value in values],
                [kind_of(value) for value in values],
                qualities,
                [unit] * count,
            )
            arrays = [
                self._arrow.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)
            ]
            self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        return self._out.take()

    def end(self) -> bytes:
        self._writer.close()
        return self._out.take()


class _Outlet(io.RawIOBase):
    """Where pyarrow writes: what has come since the last :meth:`take`."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, data: Any) -> int:
        block = bytes(data)
        self._parts.append(block)
        self._written += len(block)
        return len(block)

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


def read_parquet(file: Path) -> Iterator[Reading]:
    """Raises Invalid, which names the row."""
    arrow, parquet = _arrow()
    done = 0
    try:
        with parquet.ParquetFile(file) as table:
            there = set(table.schema_arrow.names)
            if missing := [name for name in NEEDED if name not in there]:
                raise Invalid(f"The table has no column {missing[0]!r}.", f"It has to have {', '.join(NEEDED)}.")
            wanted = [*NEEDED, *(name for name in ("text", "type", "quality") if name in there)]
            for batch in table.iter_batches(ROWS, columns=wanted):
                for row in _rows(arrow, batch):
                    done += 1
                    yield reading(*row)
    except Invalid as error:
        raise Invalid(f"Row {done}: {error.message}" if done else error.message, error.hint) from None
    except (arrow.ArrowException, OSError, KeyError) as error:
        raise Invalid(f"The file is no Parquet that can be read here ({type(error).__name__}).") from error


def _rows(arrow: Any, batch: Any) -> Iterator[tuple[str, str, int, Value, str]]:
    count = batch.num_rows

    def strings(name: str) -> list[str | None]:
        found: list[str | None] = [None] * count
        if name in batch.schema.names:
            found = batch.column(name).cast(arrow.string()).to_pylist()
        return found

    time = batch.column("time")
    if arrow.types.is_timestamp(time.type):
        time = time.cast(arrow.timestamp("ms", tz=time.type.tz), safe=False)
    times = time.cast(arrow.int64()).to_pylist()
    value, kinds = batch.column("value"), arrow.types
    if not (kinds.is_string(value.type) or kinds.is_large_string(value.type) or kinds.is_boolean(value.type)):
        value = value.cast(arrow.float64())
    names = ("device", "metric", "text", "type", "quality")
    devices, metrics, texts, types, qualities = (strings(name) for name in names)
    columns = (devices, metrics, times, value.to_pylist(), texts, types, qualities)
    for device, metric, ts, number, text, kind, quality in zip(*columns, strict=True):
        if device is None or metric is None or ts is None or (number is None and text is None):
            raise Invalid("A time, a device, a metric or a value is missing.")
        found = number if number is not None else text
        yield device, metric, ts, bool(found) if kind == "boolean" else found, quality or "good"
