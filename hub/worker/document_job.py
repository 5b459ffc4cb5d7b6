"""The job ``document``: the text of a PDF, page by page. The owner of pypdf and pypdfium2.

pypdf reads first; what it cannot read goes to pypdfium2, and a page without text is drawn and read as a picture. All
of it within bounds: pages, characters, pages drawn.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pypdf
import pypdfium2 as pdfium
from pypdf.errors import PyPdfError

from hub.errors import WrongType
from hub.worker import ocr
from hub.worker.endings import CUT_OFF, ends_early

MOST_PAGES = 2_000
MOST_CHARS = 4_000_000
MOST_PAGE_CHARS = 60_000
MOST_DRAWN = 20
MOST_TABLES = 40
SECONDS = 80.0
"""For the text; after that what has been read counts."""
_DRAWN_SIDE = 1_800
_GAP = re.compile(r"\s{2,}")
# What pypdf lets through of a broken file's own faults.
_BROKEN = (PyPdfError, OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)

Tell = Callable[[str, int, int], None]


def read_document(data: bytes, *, tell: Tell) -> dict[str, Any]:
    """``pages`` (text by page), ``page_count``, ``title``, ``tables``, ``read_by``, ``scanned`` (page numbers read as
    pictures), ``notes``. Raises WrongType for an encrypted file and for one that neither library can read."""
    tell("opening", 0, 1)
    notes: list[str] = []
    until = time.monotonic() + SECONDS
    tables: list[dict[str, Any]] = []
    try:
        title, count, pages = _by_pypdf(data, tell, until, tables)
        read_by = "pypdf"
    except _BROKEN:
        title, count, pages = _by_pdfium(data, tell, until)
        tables.clear()
        read_by = "pypdfium2"
        notes.append(
            "The file ends early: what could be read of it was read."
            if ends_early(data)
            else "The file is damaged; what could be saved of it was read."
        )
    if len(pages) < count:
        notes.append(f"Only the first {len(pages)} of {count} pages were read.")
    scanned = _scanned(data, pages, tell, notes)
    return {
        "pages": pages,
        "page_count": count,
        "title": title,
        "tables": tables,
        "read_by": read_by,
        "scanned": scanned,
        "notes": notes,
    }


def _by_pypdf(data: bytes, tell: Tell, until: float, tables: list[dict[str, Any]]) -> tuple[str, int, list[str]]:
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _encrypted()
    count = len(reader.pages)
    if not count:
        raise ValueError("no pages")
    pages: list[str] = []
    size = 0
    for number in range(min(count, MOST_PAGES)):
        if time.monotonic() > until or size > MOST_CHARS:
            break
        if number % 10 == 0:
            tell("reading pages", number, min(count, MOST_PAGES))
        page = reader.pages[number]
        try:
            text = _clean(page.extract_text() or "")
            if len(tables) < MOST_TABLES and 8 < len(text) < 20_000 and number < 200:
                tables += _tables(number + 1, page.extract_text(extraction_mode="layout"))
        except _BROKEN:
            text = ""  # one broken page does not take the others with it
        pages.append(text)
        size += len(text)
    title = reader.metadata.title if reader.metadata else None
    return _clean(str(title or ""))[:200].strip(), count, pages


def _by_pdfium(data: bytes, tell: Tell, until: float) -> tuple[str, int, list[str]]:
    document = _opened(data)
    try:
        count = len(document)
        pages: list[str] = []
        for number in range(min(count, MOST_PAGES)):
            if time.monotonic() > until or sum(map(len, pages)) > MOST_CHARS:
                break
            if number % 10 == 0:
                tell("reading pages", number, min(count, MOST_PAGES))
            page = document[number]
            text = page.get_textpage()
            pages.append(_clean(text.get_text_bounded()))
            text.close()
            page.close()
        if not pages:
            raise _unreadable(data)
        return "", count, pages
    except pdfium.PdfiumError:  # of a page, as where the list of pages holds itself
        raise _unreadable(data) from None
    finally:
        document.close()


def _scanned(data: bytes, pages: list[str], tell: Tell, notes: list[str]) -> list[int]:
    """Read pages without text as pictures, in place; returns their numbers."""
    empty = [number for number, text in enumerate(pages) if len(text.strip()) < 8]
    if not empty:
        return []
    if not ocr.can_read():
        notes.append(f"{len(empty)} of {len(pages)} pages hold no text. {ocr.MISSING}")
        return []
    try:
        document = _opened(data)
    except WrongType:
        notes.append("The pages without text could not be drawn.")
        return []
    read: list[int] = []
    try:
        for at, number in enumerate(empty[:MOST_DRAWN]):
            tell("reading scanned pages", at, min(len(empty), MOST_DRAWN))
            lines = _drawn(document, number)
            if lines:
                pages[number] = _clean("\n".join(lines))
                read.append(number + 1)
    finally:
        document.close()
    if len(empty) > MOST_DRAWN:
        notes.append(f"{len(empty) - MOST_DRAWN} more pages without text were not read: {MOST_DRAWN} are at a time.")
    return read


def _drawn(document: Any, number: int) -> list[str]:
    try:
        page = document[number]
        longest = max(page.get_size())
        if not 1 <= longest < 1e6:
            return []
        bitmap = page.render(scale=min(_DRAWN_SIDE / longest, 8.0))
        picture = np.asarray(bitmap.to_pil().convert("RGB"))
        page.close()
    except (pdfium.PdfiumError, ValueError):
        return []
    return ocr.lines(picture) if np.ptp(picture) > 0 else []  # a blank page has nothing to look for


def _opened(data: bytes) -> Any:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise (_encrypted() if "assword" in str(error) else _unreadable(data)) from None


def _tables(number: int, payload_schema: str) -> list[dict[str, Any]]:
    """Runs of at least three lines with the same number (two or more) of columns, as pypdf lays the page out."""
    found: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    for line in [*payload_schema.splitlines()[:1_000], ""]:
        cells = [cell[:200] for cell in _GAP.split(line.strip())] if line.strip() else []
        if len(cells) >= 2 and (not rows or len(cells) == len(rows[0])):
            rows.append(cells)
            continue
        if not cells and rows and line == "" and len(rows) < 3:
            continue  # layout mode leaves empty lines between rows
        if len(rows) >= 3:
            found.append({"page": number, "rows": rows[:60]})
        rows = [cells] if len(cells) >= 2 else []
    if len(rows) >= 3:
        found.append({"page": number, "rows": rows[:60]})
    return found


def _clean(text: str) -> str:
    return "".join(c if c in "\n\t" or c.isprintable() else " " for c in text[:MOST_PAGE_CHARS])


def _encrypted() -> WrongType:
    return WrongType("The PDF is protected by a password.", "Remove the password and send it again.")


def _unreadable(data: bytes) -> WrongType:
    if ends_early(data):
        return WrongType("The PDF ends early: its last part, which lists its pages, is missing.", CUT_OFF)
    return WrongType("The file begins as a PDF but cannot be read.", "Export it again.")
