"""Readings as tables for other programs, and back: CSV and Parquet. They know no store.

A row is one reading: ``time`` (UTC), ``device``, ``metric``, ``value``, ``type`` (``number``, ``boolean`` or
``text``), ``quality`` and ``unit``. Only the first four are needed to read a table.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from hub.model import Reading
from hub.tables.comma import CsvTable, read_csv
from hub.tables.parquet import ParquetTable, read_parquet
from hub.tables.row import Table

Format = Literal["csv", "parquet"]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
}


def new_table(kind: Format) -> Table:
    """Raises NotInstalled where this takes a package that is not installed."""
    return CsvTable() if kind == "csv" else ParquetTable()


def read_table(file: Path, kind: Format) -> Iterator[Reading]:
    """The readings of a file, as they are read. Raises Invalid, which says where in the file."""
    return read_csv(file) if kind == "csv" else read_parquet(file)


__all__ = ["MEDIA_TYPES", "Format", "Table", "new_table", "read_table"]
