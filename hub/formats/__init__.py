"""Write readings as CSV and Parquet tables, and read such tables.

A row is one reading with the columns ``time`` (UTC), ``device``, ``metric``, ``value``, ``type`` (``number``,
``boolean`` or ``text``), ``quality`` and ``unit``. Only the first four are required in a table that is read.
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
    """Return an empty table of this format. Raises NotInstalled if the format needs a package that is missing."""
    return CsvTable() if kind == "csv" else ParquetTable()


def read_table(file: Path, kind: Format, form: Form | None = None) -> Iterator[Reading | RowSkipped]:
    """Yield the reading of each row, or RowSkipped for a row without a value. Raises Invalid with the row's number."""
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
