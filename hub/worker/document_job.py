"""The job ``document``: extract the text of a PDF, page by page. The only module that uses pypdf and pypdfium2.

pypdf reads first; a file that pypdf cannot read goes to pypdfium2. A page without text is rendered and goes through
text recognition. The numbers of pages, characters and rendered pages are limited.
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

MAX_PAGES = 2_000
MAX_CHARS = 4_000_000
MAX_PAGE_CHARS = 60_000
MAX_RENDERED = 20
MAX_TABLES = 40
SECONDS = 80.0
"""Time limit for extracting text, in seconds. When it is over, the pages read so far are returned."""
_RENDERED_SIDE = 1_800
"""Longest side of a rendered page in pixels."""
_GAP = re.compile(r"\s{2,}")
# Exceptions that pypdf raises for damaged files.
_BROKEN = (PyPdfError, OSError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)

Progress = Callable[[str, int, int], None]


def read_document(data: bytes, *, progress: Progress) -> dict[str, Any]:
    """Extract the text of a PDF.

    Returns:
        ``pages`` (their texts), ``page_count``, ``title``, ``tables``, ``read_by`` (the library that read the file),
        ``scanned`` (numbers of the pages read by text recognition) and ``notes`` (sentences on what could not be read).

    Raises:
        WrongType: the file is encrypted, or neither pypdf nor PDFium can read it.
    """
    progress("opening", 0, 1)
    notes: list[str] = []
    until = time.monotonic() + SECONDS
    tables: list[dict[str, Any]] = []
    try:
        title, count, pages = _by_pypdf(data, progress, until, tables)
        read_by = "pypdf"
    except _BROKEN:
        title, count, pages = _by_pdfium(data, progress, until)
        tables.clear()
        read_by = "pypdfium2"
        notes.append(
            "The file ends early: only its readable part was read."
            if ends_early(data)
            else "The file is damaged: only its readable part was read."
        )
    if len(pages) < count:
        notes.append(f"Only the first {len(pages)} of {count} pages were read.")
    scanned = _scanned(data, pages, progress, notes)
    return {
        "pages": pages,
        "page_count": count,
        "title": title,
        "tables": tables,
        "read_by": read_by,
        "scanned": scanned,
        "notes": notes,
    }


def _by_pypdf(
    data: bytes, progress: Progress, until: float, tables: list[dict[str, Any]]
) -> tuple[str, int, list[str]]:
    reader = pypdf.PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise _encrypted()
    count = len(reader.pages)
    if not count:
        raise ValueError("no pages")
    pages: list[str] = []
    size = 0
    for number in range(min(count, MAX_PAGES)):
        if time.monotonic() > until or size > MAX_CHARS:
            break
        if number % 10 == 0:
            progress("reading pages", number, min(count, MAX_PAGES))
        page = reader.pages[number]
        try:
            text = _clean(page.extract_text() or "")
            if len(tables) < MAX_TABLES and 8 < len(text) < 20_000 and number < 200:
                tables += _tables(number + 1, page.extract_text(extraction_mode="layout"))
        except _BROKEN:
            text = ""  # a damaged page must not cost the others
        pages.append(text)
        size += len(text)
    title = reader.metadata.title if reader.metadata else None
    return _clean(str(title or ""))[:200].strip(), count, pages


def _by_pdfium(data: bytes, progress: Progress, until: float) -> tuple[str, int, list[str]]:
    document = _opened(data)
    try:
        count = len(document)
        pages: list[str] = []
        for number in range(min(count, MAX_PAGES)):
            if time.monotonic() > until or sum(map(len, pages)) > MAX_CHARS:
                break
            if number % 10 == 0:
                progress("reading pages", number, min(count, MAX_PAGES))
            page = document[number]
            text = page.get_textpage()
            pages.append(_clean(text.get_text_bounded()))
            text.close()
            page.close()
        if not pages:
            raise _unreadable(data)
        return "", count, pages
    except pdfium.PdfiumError:  # from a page, for example in a list of pages that contains itself
        raise _unreadable(data) from None
    finally:
        document.close()


def _scanned(data: bytes, pages: list[str], progress: Progress, notes: list[str]) -> list[int]:
    """Read pages without text by text recognition, and put the text into ``pages``.

    Return the numbers of the pages that were read, from 1. What could not be read is reported in ``notes``.
    """
    empty = [number for number, text in enumerate(pages) if len(text.strip()) < 8]
    if not empty:
        return []
    if not ocr.can_read():
        notes.append(f"{len(empty)} of {len(pages)} pages have no text. {ocr.MISSING}")
        return []
    try:
        document = _opened(data)
    except WrongType:
        notes.append("The pages without text could not be rendered.")
        return []
    read: list[int] = []
    try:
        for at, number in enumerate(empty[:MAX_RENDERED]):
            progress("reading scanned pages", at, min(len(empty), MAX_RENDERED))
            lines = _recognize(document, number)
            if lines:
                pages[number] = _clean("\n".join(lines))
                read.append(number + 1)
    finally:
        document.close()
    if len(empty) > MAX_RENDERED:
        notes.append(f"{len(empty) - MAX_RENDERED} more pages without text were not read; the limit is {MAX_RENDERED}.")
    return read


def _recognize(document: Any, number: int) -> list[str]:
    """Return the lines of text on a page, by text recognition. Empty if the page cannot be rendered or is blank."""
    try:
        page = document[number]
        longest = max(page.get_size())
        if not 1 <= longest < 1e6:
            return []
        bitmap = page.render(scale=min(_RENDERED_SIDE / longest, 8.0))
        picture = np.asarray(bitmap.to_pil().convert("RGB"))
        page.close()
    except (pdfium.PdfiumError, ValueError):
        return []
    return ocr.lines(picture) if np.ptp(picture) > 0 else []  # not for a blank page


def _opened(data: bytes) -> Any:
    try:
        return pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        raise (_encrypted() if "assword" in str(error) else _unreadable(data)) from None


def _tables(number: int, layout: str) -> list[dict[str, Any]]:
    """Return the tables on a page: at least three consecutive lines with the same number of columns (two or more)."""
    found: list[dict[str, Any]] = []
    rows: list[list[str]] = []
    for line in [*layout.splitlines()[:1_000], ""]:
        cells = [cell[:200] for cell in _GAP.split(line.strip())] if line.strip() else []
        if len(cells) >= 2 and (not rows or len(cells) == len(rows[0])):
            rows.append(cells)
            continue
        if not cells and rows and line == "" and len(rows) < 3:
            continue  # pypdf's layout mode leaves empty lines between rows
        if len(rows) >= 3:
            found.append({"page": number, "rows": rows[:60]})
        rows = [cells] if len(cells) >= 2 else []
    if len(rows) >= 3:
        found.append({"page": number, "rows": rows[:60]})
    return found


def _clean(text: str) -> str:
    return "".join(c if c in "\n\t" or c.isprintable() else " " for c in text[:MAX_PAGE_CHARS])


def _encrypted() -> WrongType:
    return WrongType("The PDF is protected by a password.", "Remove the password and send it again.")


def _unreadable(data: bytes) -> WrongType:
    if ends_early(data):
        return WrongType("The PDF ends early: its last part, which lists its pages, is missing.", CUT_OFF)
    return WrongType("The file begins as a PDF but cannot be read.", "Export it again.")
