"""CSV. Cells that a spreadsheet would take for a formula begin with an apostrophe, which is taken off again."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hub.errors import Invalid
from hub.model import Page, Reading
from hub.tables.row import COLUMNS, MOST_TEXT, NEEDED, kind_of, reading, time_of, value_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
MOST_LINE = 4 * MOST_TEXT


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
    """A text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _original(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def read_csv(file: Path) -> Iterator[Reading]:
    """Raises Invalid, which names the line."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        lines = csv.reader(_bounded(text), strict=True)
        try:
            header = [name.strip().lower() for name in next(lines, [])]
            if missing := [name for name in NEEDED if name not in header]:
                needed = f"The first line has to name {', '.join(NEEDED)}, in any order."
                raise Invalid(f"The table has no column {missing[0]!r}.", needed)
            time, device, metric, value = (header.index(name) for name in NEEDED)
            kind, quality = (header.index(name) if name in header else None for name in ("type", "quality"))
            for cells in lines:
                if not cells:
                    continue
                if len(cells) != len(header):
                    raise Invalid(f"There are {len(cells)} cells, not {len(header)}.")
                word = "" if kind is None else cells[kind]
                yield reading(
                    _original(cells[device]),
                    _original(cells[metric]),
                    time_of(cells[time]),
                    value_of(_original(cells[value]), word),
                    "good" if quality is None else cells[quality] or "good",
                )
        except Invalid as error:
            raise Invalid(f"Line {max(lines.line_num, 1)}: {error.message}", error.hint) from None
        except csv.Error:
            raise Invalid(f"Line {max(lines.line_num, 1)} is no CSV.", "Cells are parted by commas.") from None
        except UnicodeDecodeError:
            raise Invalid(f"After line {lines.line_num} the file is not UTF-8.") from None


def _bounded(text: io.TextIOBase) -> Iterator[str]:
    """Line by line, without ever holding a huge one."""
    while line := text.readline(MOST_LINE):
        if len(line) == MOST_LINE:
            raise Invalid(f"A line has at most {MOST_LINE} characters.")
        yield line
