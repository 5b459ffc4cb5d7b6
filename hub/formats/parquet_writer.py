"""Write Parquet tables with pyarrow, which is installed with ``watchkeeper[parquet]``.

The column ``value`` has numbers, and booleans as 0 and 1; it is null for a text. The column ``text`` has texts; it is
null for numbers and booleans.
"""

from __future__ import annotations

import io
from typing import Any

from hub.errors import NotInstalled
from hub.formats.row import kind_of
from hub.model import Page


def load_arrow() -> tuple[Any, Any]:
    """Import pyarrow and its module ``parquet``, and return both. Raises NotInstalled.

    They are imported on first use, because they are optional and the import takes a tenth of a second.
    """
    try:
        import pyarrow
        import pyarrow.compute  # makes pyarrow.compute available
        from pyarrow import parquet
    except ImportError:
        hint = "pip install 'watchkeeper[parquet]', or use CSV."
        raise NotInstalled("Parquet is not available: pyarrow is not installed.", hint) from None
    return pyarrow, parquet


class ParquetTable:
    """Parquet table that is written in pages. Each page is one row group, so that little is held in memory."""

    def __init__(self) -> None:
        self._arrow, parquet = load_arrow()
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
        self._out = _OutputBuffer()
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


class _OutputBuffer(io.RawIOBase):
    """File object that pyarrow writes to. It holds what was written since the last :meth:`take`."""

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
