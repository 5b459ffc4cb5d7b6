"""Readings as CSV and Parquet tables, and back.

A row is one reading: ``time`` (UTC), ``device``, ``metric``, ``value``, ``type`` (``number``, ``boolean`` or
``text``), ``quality`` and ``unit``. Only the first four are needed to read a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hub.formats.cells import Form, zone_of
from hub.formats.csv import CsvTable, read_csv
from hub.formats.parquet_reader import read_parquet
from hub.formats.parquet_writer import ParquetTable
from hub.formats.row import RowSkipped, Table
from hub.formats.row_batch import RowBatch, read_batch
from hub.model import Reading

Format = Literal["csv", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def new_table(kind: Format) -> Table:
    """Raises NotInstalled where this takes a package that is not installed."""
    return CsvTable() if kind == "csv" else ParquetTable()


def read_table(file: Path, kind: Format, form: Form | None = None) -> Iterator[Reading | RowSkipped]:
    """Yield the readings of a file, and the rows without one. Raises Invalid, which says where in the file."""
    form = form or Form()
    return read_csv(file, form) if kind == "csv" else read_parquet(file, form)


__all__ = [
    "MEDIA_TYPES",
    "Form",
    "Format",
    "RowBatch",
    "RowSkipped",
    "Table",
    "new_table",
    "read_batch",
    "read_table",
    "zone_of",
]  # fmt: skip
