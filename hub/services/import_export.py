"""The history out to a table, and a table into the history. It knows no HTTP and no file format.

What comes in is history and nothing else: it changes no latest value, raises no alert and is told to nobody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from hub.errors import HubError, Invalid, Rejected
from hub.formats import RowBatch, RowSkipped
from hub.model import Page, Reading
from hub.store.base import StoreStats

PAGE = 10_000
"""Readings written at once, about; each piece takes some 30 ms in its process."""
WIDE_PAGE = 500
"""The same where they are long texts."""
LONG_TEXT = 200
EXAMPLES = 5
"""Rows named for each reason for which rows were skipped."""


class ReadingSource(Protocol):
    """The part of a store that is read: a hub's own, or a view of a folder."""

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...
    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page: ...


class ReadingSink(Protocol):
    async def add(self, readings: Sequence[Reading]) -> int: ...
    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...
    def stats(self) -> StoreStats: ...


class TableWriter(Protocol):
    """A table being written: pieces of the file as pages of readings are added."""

    async def add(self, page: Page, unit: str | None) -> bytes: ...
    async def end(self) -> bytes: ...


class ExportRequest(msgspec.Struct, frozen=True):
    """Which readings: of these devices (None: all), of metrics that fit the pattern (None: all), from ``start`` to
    ``end`` (ms, both included)."""

    start: int
    end: int
    devices: tuple[str, ...] | None = None
    metric: str | None = None


class Room(msgspec.Struct, frozen=True):
    """How many metrics a device may have, and how many all may have together."""

    metrics: int
    total: int


class SkippedRow(msgspec.Struct, frozen=True):
    """``count`` rows were skipped for a ``reason``; ``rows`` are the numbers of the first of them."""

    reason: str
    count: int
    rows: tuple[int, ...]


class ImportResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a table.

    Attributes:
        read: rows in the table.
        added: rows whose reading is new.
        devices: devices that had not been known.
        skipped: rows without a reading, by the reason.
        duplicates: rows whose reading was there already, or stood in the table before.
        texts: rows whose reading is a text.
        zone: the zone that was taken for times which name none; None if all named one.
    """

    read: int
    added: int
    devices: int
    skipped: tuple[SkippedRow, ...] = ()
    duplicates: int = 0
    texts: int = 0
    zone: str | None = None


async def export_readings(
    source: ReadingSource, wanted: ExportRequest, table: TableWriter, unit: Callable[[str, str], str | None]
) -> AsyncIterator[bytes]:
    """Yield the table in pieces, series after series in the order of their names, each in the order of time."""
    for device, metric in await source.series(wanted.devices, wanted.metric):
        at: int | None = wanted.start
        limit = WIDE_PAGE  # until it is known that these are no long texts
        while at is not None:
            page = await source.readings(device, metric, at, wanted.end, limit)
            limit = WIDE_PAGE if any(_is_long(value) for _, value, _ in page.points) else PAGE
            if piece := await table.add(page, unit(device, metric)):
                yield piece
            at = page.next
    if piece := await table.end():
        yield piece


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > LONG_TEXT


async def import_readings(
    sink: ReadingSink,
    read: Callable[[], Awaitable[RowBatch]],
    room: Room,
    known: Callable[[str], bool],
    introduce: Callable[[str], Awaitable[object]],
    zone: str = "UTC",
) -> ImportResult:
    """Take in the rows of a table, batch after batch. Raises HubError, whose message says what is in by then.

    What was taken in before a fault stays, and is not doubled when all is brought in again.

    Args:
        sink: the history.
        read: returns the next rows.
        room: how many metrics there may be.
        known: whether there is a device of that id.
        introduce: makes a device known.
        zone: what the reader takes for times without a zone.
    """
    counts, metrics = _Counts(zone), _Metrics(sink, room)
    try:
        while True:
            batch = await read()
            await metrics.check(batch.readings)
            for device in dict.fromkeys(one.device for one in batch.readings):
                if not known(device) and device not in counts.fresh:
                    await introduce(device)
                    counts.fresh.add(device)
            counts.take(batch, await sink.add(batch.readings))
            if batch.wrong is not None:
                raise Invalid(*batch.wrong)
            if batch.last:
                return counts.taken()
    except Rejected as error:
        raise Invalid(error.message + counts.told()) from error
    except HubError as error:
        raise type(error)(error.message + counts.told(), error.hint) from error


class _Metrics:
    """The metrics of the devices in a table, of which there may be only so many."""

    def __init__(self, sink: ReadingSink, room: Room) -> None:
        self._sink = sink
        self._room = room
        self._known: dict[str, set[str]] = {}

    async def check(self, readings: Sequence[Reading]) -> None:
        """Raises Invalid where these have more metrics than there is room for."""
        names = dict.fromkeys((one.device, one.metric) for one in readings)
        if unseen := list(dict.fromkeys(device for device, _ in names if device not in self._known)):
            self._known.update((device, set()) for device in unseen)
            for device, metric in await self._sink.series(unseen, None):
                self._known[device].add(metric)
        new = [(device, metric) for device, metric in names if metric not in self._known[device]]
        if new and self._sink.stats().series + len(new) > self._room.total:
            raise Invalid(
                f"With this table the hub would have more than {self._room.total:,} metrics in all.",
                "limits.total_metrics in hub.toml sets how many it keeps.",
            )
        for device, metric in new:
            self._known[device].add(metric)
            if len(self._known[device]) > self._room.metrics:
                raise Invalid(
                    f"{device!r} would have more than {self._room.metrics:,} metrics.",
                    "limits.metrics in hub.toml sets how many a device may have.",
                )


class _Counts:
    """What has become of the rows so far."""

    def __init__(self, zone: str) -> None:
        self.fresh: set[str] = set()
        self._zone = zone
        self._read = self._readings = self._added = self._present = self._texts = self._zoneless = 0
        self._skipped: dict[str, tuple[int, tuple[int, ...]]] = {}

    def take(self, batch: RowBatch, added: int) -> None:
        self._read += batch.read
        self._readings += len(batch.readings)
        self._added += added
        self._present += len(batch.readings) - added
        self._texts += sum(isinstance(one.value, str) for one in batch.readings)
        self._zoneless = batch.zoneless
        for skip in batch.skipped:
            self._skip(skip)

    def _skip(self, skip: RowSkipped) -> None:
        count, rows = self._skipped.get(skip.reason, (0, ()))
        self._skipped[skip.reason] = (count + 1, rows if len(rows) >= EXAMPLES else (*rows, skip.where))

    def taken(self) -> ImportResult:
        return ImportResult(
            read=self._read,
            added=self._added,
            devices=len(self.fresh),
            skipped=tuple(SkippedRow(reason, *rest) for reason, rest in self._skipped.items()),
            duplicates=self._present,
            texts=self._texts,
            zone=self._zone if self._zoneless else None,
        )

    def told(self) -> str:
        """Say what is in, as the end of an error message."""
        if not self._read:
            return ""
        return f" The {self._readings} readings before it are in ({self._added} new) and stay."
