"""Batches of rows. The worker process that reads a table sends them to the hub."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from hub.errors import Invalid, NotInstalled
from hub.formats.cells import Form
from hub.formats.row import RowSkipped
from hub.model import Reading

ROWS = 5_000
"""Maximum number of rows in a batch. A batch is stored in one transaction."""
CHARACTERS = 4_000_000
"""A batch ends when its text values together have this many characters."""


class RowBatch(msgspec.Struct, frozen=True):
    """The next rows of a table.

    Attributes:
        readings: The readings.
        skipped: The rows without a reading.
        zoneless: Number of times without a time zone that were read so far.
        wrong: Message and hint of the error in the next row, at which reading stops; None if there is no error.
        last: True if this is the end of the table.
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
    """Return the next batch of rows. The batch ends early before a row with an error."""
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
