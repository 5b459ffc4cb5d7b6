"""Some rows of a table at once, as they go from the process that reads the file to the one that stores them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hub.errors import Invalid, NotInstalled
from hub.formats.cells import Form
from hub.formats.row import RowSkipped
from hub.model import Reading

ROWS = 5_000
"""Rows at once: what one transaction takes in."""
CHARACTERS = 4_000_000
"""Texts at once, at most about."""


class RowBatch(msgspec.Struct, frozen=True):
    """The next rows of a table.

    Attributes:
        readings: those that hold one.
        skipped: those that hold none.
        zoneless: how many times without a zone the table has had so far.
        wrong: what is wrong with the row after these, as message and hint; nothing more is read then.
        last: True if there are no more rows.
    """

    readings: list[Reading]
    skipped: list[RowSkipped]
    zoneless: int = 0
    wrong: tuple[str, str] | None = None
    last: bool = False

    @property
    def read(self) -> int:
        return len(self.readings) + len(self.skipped)


def read_batch(rows: Iterator[Reading | RowSkipped], form: Form) -> RowBatch:
    """Return the next rows; those before a wrong one are in it."""
    readings: list[Reading] = []
    skipped: list[RowSkipped] = []
    size = 0
    wrong: tuple[str, str] | None = None
    last = False
    try:
        while len(readings) + len(skipped) < ROWS and size < CHARACTERS:
            one = next(rows, None)
            if one is None:
                last = True
                break
            if isinstance(one, RowSkipped):
                skipped.append(one)
                continue
            readings.append(one)
            if type(one.value) is str:
                size += len(one.value)
    except NotInstalled:
        raise
    except Invalid as error:
        wrong, last = (error.message, error.hint), True
    return RowBatch(readings, skipped, form.zoneless, wrong, last)
