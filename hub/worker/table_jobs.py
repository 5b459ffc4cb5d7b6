"""Jobs for tables: read a table in batches of rows, or write a table page by page.

A process that does these jobs serves one table and keeps it open between the jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from hub.formats import Form, Format, RowSkipped, Table, new_table, read_batch, read_table, zone_of
from hub.model import Page, Reading

Progress = Callable[[str, int, int], None]

_page = msgspec.msgpack.Decoder(Page).decode


class _Open:
    """The one table that this process reads or writes."""

    rows: Iterator[Reading | RowSkipped]
    form: Form
    table: Table


def open_table(data: bytes, *, progress: Progress, path: str, format: Format, zone: str) -> dict[str, Any]:
    _Open.form = Form(zone_of(zone))
    _Open.rows = read_table(Path(path), format, _Open.form)
    return {}


def read_rows(data: bytes, *, progress: Progress) -> dict[str, Any]:
    """Return the next rows of the table that is open, under the key ``batch``.

    The value is a :class:`hub.formats.RowBatch`, encoded as msgpack.
    """
    return {"batch": msgspec.msgpack.encode(read_batch(_Open.rows, _Open.form))}


def begin_table(data: bytes, *, progress: Progress, format: Format) -> dict[str, Any]:
    _Open.table = new_table(format)
    return {}


def add_page(data: bytes, *, progress: Progress, unit: str | None) -> dict[str, Any]:
    """Add a page of rows (``data``) to the table that is open. Return the bytes by which the file grows, as ``piece``.

    ``unit`` is the unit of the page's values; None if they have none.
    """
    return {"piece": _Open.table.add(_page(data), unit)}


def end_table(data: bytes, *, progress: Progress) -> dict[str, Any]:
    return {"piece": _Open.table.end()}


JOBS = {job.__name__: job for job in (open_table, read_rows, begin_table, add_page, end_table)}
