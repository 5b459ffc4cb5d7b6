"""Readings as tables for other programs, and back: CSV and Parquet. They know no store.

A row is one reading: ``time`` (UTC), ``device``, ``metric``, ``value``, ``type`` (``number``, ``boolean`` or
``text``), ``quality`` and ``unit``. Only the first four are needed to read a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hub.model import Reading
from hub.tables.batch import Batch, read_batch
from hub.tables.cells import Form, zone_of
from hub.tables.comma import CsvTable, read_csv
from hub.tables.parquet import ParquetTable
from hub.tables.parquet_reading import read_parquet
from hub.tables.row import Skip, Table

Format = Literal["csv", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def new_table(kind: Format) -> Table:
    """Raises NotInstalled where this takes a package that is not installed."""
    return CsvTable() if kind == "csv" else ParquetTable()


def read_table(file: Path, kind: Format, form: Form | None = None) -> Iterator[Reading | Skip]:
    """Yield the readings of a file, and the rows without one. Raises Invalid, which says where in the file."""
    form = form or Form()
    return read_csv(file, form) if kind == "csv" else read_parquet(file, form)


__all__ = [
    "MEDIA_TYPES", "Batch", "Form", "Format", "Skip", "Table", "new_table", "read_batch", "read_table", "zone_of",
]  # fmt: skip
