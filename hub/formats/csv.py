"""CSV tables.

When writing, an apostrophe is put before a cell that a spreadsheet would run as a formula; when reading, it is removed.
Accepted are UTF-8 and UTF-16, the separators comma, semicolon, tab and ``|``, and any line ending. The separator is
found from the first line, which has the names of the columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hub.errors import Invalid
from hub.formats.cells import Form, time_of, value_of
from hub.formats.row import COLUMNS, MAX_TEXT, RowSkipped, find_columns, kind_of, reading
from hub.model import Page, Reading

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
MAX_LINE = 4 * MAX_TEXT
SEPARATORS = (",", ";", "\t", "|")
EMPTY = "no value"

_ENCODINGS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive, as an Excel file is"),
    (b"\xd0\xcf\x11\xe0", "an Excel file"),
    (b"\x1f\x8b", "compressed by gzip"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd"),
    (b"PAR1", "a Parquet file"),
)


class CsvTable:
    """CSV table that is written in pages: each call of :meth:`add` returns the next part of the file."""

    def __init__(self) -> None:
        self._begun = False  # the header was written

    def add(self, page: Page, unit: str | None) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        if not self._begun:
            self._begun = True
            writer.writerow(COLUMNS)
        if page.points:
            stamps = np.array([ts for ts, _, _ in page.points], "datetime64[ms]")
            times = np.datetime_as_string(stamps, timezone="UTC").tolist()
            device, metric, unit_cell = escape(page.device), escape(page.metric), escape(unit or "")
            writer.writerows(
                (time, device, metric, _cell(value), kind_of(value), quality, unit_cell)
                for time, (_, value, quality) in zip(times, page.points, strict=True)
            )
        return out.getvalue().encode()

    def end(self) -> bytes:
        return b"" if self._begun else self.add(Page("", "", []), None)


def _cell(value: float | bool | str) -> str:
    if isinstance(value, str):
        return escape(value)
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def escape(text: str) -> str:
    """Return the text with an apostrophe before it if a spreadsheet would run it as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _unescape(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def read_csv(file: Path, form: Form) -> Iterator[Reading | RowSkipped]:
    """Yield the reading of each row, or RowSkipped for a row without a value. Raises Invalid with the line's number."""
    with file.open(encoding=_encoding(file), newline="") as text:
        line = 1
        try:
            first, separator, line = _header(text)
            form.commas = separator == ";"
            rows = csv.reader(_bounded(first, text), strict=True, delimiter=separator)
            names = next(rows, [])
            columns, before = find_columns(names), line - 1
            for cells in rows:
                line = before + rows.line_num
                if any(cells):
                    yield _row(_with_width(cells, len(names)), columns, form) or RowSkipped(line, EMPTY)
        except Invalid as error:
            raise Invalid(f"Line {line}: {error.message}", error.hint) from None
        except csv.Error:
            hint = "Check the quotation marks: one may be missing, or one too many."
            raise Invalid(f"The text after line {line} is not valid CSV.", hint) from None
        except UnicodeError:
            raise Invalid(f"The text after line {line} is not UTF-8.", "Save the table as UTF-8.") from None


def _encoding(file: Path) -> str:
    """Return the encoding of a file, from its first bytes. Raises Invalid if the file is not CSV."""
    with file.open("rb") as binary:
        head = binary.read(4)
    for mark, kind in _OTHER_FILES:
        if head.startswith(mark):
            raise Invalid(f"The file is not CSV but {kind}.", "Save the table as CSV, or set its format.")
    if head in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        raise Invalid("The file is UTF-32.", "Save the table as UTF-8.")
    for mark, encoding in _ENCODINGS:
        if head.startswith(mark):
            return encoding
    if len(head) == 4 and head[1] == head[3] == 0 and head[0]:
        return "utf-16-le"
    return "utf-16-be" if len(head) == 4 and head[0] == head[2] == 0 and head[1] else "utf-8"


def _header(text: io.TextIOBase) -> tuple[str, str, int]:
    """Return the line with the column names, the separator, and the number of that line.

    Skip a line such as ``sep=;``, which Excel writes before the column names.
    """
    first = _line(text)
    separator = first.strip().lower().removeprefix("sep=")
    if len(separator) == 1 and separator in SEPARATORS and first.lower().startswith("sep="):
        return _line(text), separator, 2
    return first, max(SEPARATORS, key=lambda one: (_known_columns(first, one), first.count(one))), 1


def _known_columns(line: str, separator: str) -> int:
    try:
        return len(find_columns(next(csv.reader([line], delimiter=separator), [])))
    except (Invalid, csv.Error):
        return 0


def _with_width(cells: list[str], width: int) -> list[str]:
    """Return the cells of a row, cut to ``width``. Only empty cells at the end are cut.

    Raises Invalid if the row has too few cells, or too many that are not empty.
    """
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) != width:
        hint = "Put texts that contain the separator, and numbers with a decimal comma, into quotation marks."
        raise Invalid(f"The row has {len(cells)} cells instead of {width}.", hint if len(cells) > width else "")
    return cells


def _row(cells: list[str], columns: dict[str, int], form: Form) -> Reading | None:
    """Return the reading in a row, None if the row has no value. Raises Invalid."""

    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns else ""

    kind = cell("type").strip().lower()
    value = value_of(_unescape(cells[columns["value"]]), kind, form)
    ts = time_of(cell("time"), form)
    found = reading(
        _unescape(cell("device")),
        _unescape(cell("metric")),
        ts,
        "" if value is None else value,
        cell("quality").strip().lower() or "good",
    )
    return None if value is None else found


def _bounded(first: str, text: io.TextIOBase) -> Iterator[str]:
    yield first
    while line := _line(text):
        yield line


def _line(text: io.TextIOBase) -> str:
    """Return the next line of the file. Raises Invalid if the line is too long; the rest of such a line is not read."""
    line = text.readline(MAX_LINE)
    if len(line) == MAX_LINE:
        raise Invalid(f"The line is too long: at most {MAX_LINE} characters are allowed.")
    return line
