"""CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe, which is taken off again.

Read is what the usual programs write: UTF-8 or UTF-16, cells separated by comma, semicolon, tab or ``|``, lines ended
in any way. The first line names the columns and shows the separator.
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
    def __init__(self) -> None:
        self._begun = False

    def add(self, page: Page, unit: str | None) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out)
        if not self._begun:
            self._begun = True
            writer.writerow(COLUMNS)
        if page.points:
            stamps = np.array([ts for ts, _, _ in page.points], "datetime64[ms]")
            times = np.datetime_as_string(stamps, timezone="UTC").tolist()
            device, metric, of = plain(page.device), plain(page.metric), plain(unit or "")
            writer.writerows(
                (time, device, metric, _cell(value), kind_of(value), quality, of)
                for time, (_, value, quality) in zip(times, page.points, strict=True)
            )
        return out.getvalue().encode()

    def end(self) -> bytes:
        return b"" if self._begun else self.add(Page("", "", []), None)


def _cell(value: float | bool | str) -> str:
    if isinstance(value, str):
        return plain(value)
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def plain(text: str) -> str:
    """Return a text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _original(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def read_csv(file: Path, form: Form) -> Iterator[Reading | RowSkipped]:
    """Yield the readings and the rows without one. Raises Invalid, which names the line."""
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
                    yield _row(_fitted(cells, len(names)), columns, form) or RowSkipped(line, EMPTY)
        except Invalid as error:
            raise Invalid(f"Line {line}: {error.message}", error.hint) from None
        except csv.Error:
            hint = "Is a quotation mark missing, or one too many?"
            raise Invalid(f"After line {line} there is no CSV.", hint) from None
        except UnicodeError:
            raise Invalid(f"After line {line} the text is not UTF-8.", "Save the table as UTF-8.") from None


def _encoding(file: Path) -> str:
    """Raises Invalid for a file of another kind."""
    with file.open("rb") as binary:
        head = binary.read(4)
    for mark, kind in _OTHER_FILES:
        if head.startswith(mark):
            raise Invalid(f"The file is no CSV: it is {kind}.", "Save the table as CSV, or name its format.")
    if head in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        raise Invalid("The file is UTF-32.", "Save the table as UTF-8.")
    for mark, encoding in _ENCODINGS:
        if head.startswith(mark):
            return encoding
    if len(head) == 4 and head[1] == head[3] == 0 and head[0]:
        return "utf-16-le"
    return "utf-16-be" if len(head) == 4 and head[0] == head[2] == 0 and head[1] else "utf-8"


def _header(text: io.TextIOBase) -> tuple[str, str, int]:
    """Return the line that names the columns, the separator, and the line's number. ``sep=;`` may stand before it."""
    first = _line(text)
    said = first.strip().lower().removeprefix("sep=")
    if len(said) == 1 and said in SEPARATORS and first.lower().startswith("sep="):
        return _line(text), said, 2
    return first, max(SEPARATORS, key=lambda one: (_known_columns(first, one), first.count(one))), 1


def _known_columns(line: str, separator: str) -> int:
    try:
        return len(find_columns(next(csv.reader([line], delimiter=separator), [])))
    except (Invalid, csv.Error):
        return 0


def _fitted(cells: list[str], width: int) -> list[str]:
    """Return the cells without empty ones beyond the last column. Raises Invalid where there are more, or fewer."""
    while len(cells) > width and not cells[-1]:
        cells.pop()
    if len(cells) != width:
        hint = "A text with a separator in it needs quotation marks; so does a number with a decimal comma."
        raise Invalid(f"There are {len(cells)} cells, not {width}.", hint if len(cells) > width else "")
    return cells


def _row(cells: list[str], columns: dict[str, int], form: Form) -> Reading | None:
    """Return the reading of a row; None where its value is none. Raises Invalid."""

    def cell(name: str) -> str:
        return cells[columns[name]] if name in columns else ""

    kind = cell("type").strip().lower()
    original = _original(cells[columns["value"]])
    value = value_of(original, kind, form)
    ts = time_of(cell("time"), form)
    found = reading(
        _original(cell("device")),
        _original(cell("metric")),
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
    """Return the next line, without ever holding a huge one. Raises Invalid."""
    line = text.readline(MAX_LINE)
    if len(line) == MAX_LINE:
        raise Invalid(f"A line has at most {MAX_LINE} characters.")
    return line
