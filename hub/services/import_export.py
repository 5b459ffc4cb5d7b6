"""Export the history as a table, and import a table into the history.

An import only adds history: it changes no latest value, raises no alert and publishes no event.
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
"""Readings exported per page. A separate process encodes a page in about 30 ms."""
LONG_TEXT_PAGE = 500
"""Readings exported per page if the values of the metric are long texts."""
LONG_TEXT = 200
EXAMPLES = 5
"""Maximum row numbers that are reported for each reason why rows were skipped."""


class ReadingSource(Protocol):
    """The methods of a store that an export needs. The store is that of a running hub, or is opened read-only."""

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...
    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page: ...


class ReadingSink(Protocol):
    """The methods of a store that an import needs. ``add`` returns how many readings are new."""

    async def add(self, readings: Sequence[Reading]) -> int: ...
    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...
    def stats(self) -> StoreStats: ...


class TableWriter(Protocol):
    """Encoder of a table in a file format. Both methods return the next bytes of the file, which may be empty."""

    async def add(self, page: Page, unit: str | None) -> bytes: ...
    async def end(self) -> bytes: ...


class ExportRequest(msgspec.Struct, frozen=True):
    """The readings to export.

    Attributes:
        start: Earliest time of a reading, in epoch ms, inclusive.
        end: Latest time of a reading, in epoch ms, inclusive.
        devices: Ids of devices; None for all.
        metric: Pattern for names of metrics; None for all.
    """

    start: int
    end: int
    devices: tuple[str, ...] | None = None
    metric: str | None = None


class Room(msgspec.Struct, frozen=True):
    """Maximum number of metrics: ``metrics`` for one device, ``total`` for all devices together."""

    metrics: int
    total: int


class SkippedRow(msgspec.Struct, frozen=True):
    """Rows that were skipped for one reason. ``rows`` has the numbers of the first :data:`EXAMPLES` of these rows."""

    reason: str
    count: int
    rows: tuple[int, ...]


class ImportResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """Result of an import.

    Attributes:
        read: Number of rows in the table.
        added: Number of rows whose reading is new.
        devices: Number of devices that were created.
        skipped: The rows that were skipped, grouped by reason.
        duplicates: Number of rows whose reading was in the history or earlier in the table.
        texts: Number of rows whose value is a text.
        zone: Time zone used for times without a zone; None if all times have a zone.
    """

    read: int
    added: int
    devices: int
    skipped: tuple[SkippedRow, ...] = ()
    duplicates: int = 0
    texts: int = 0
    zone: str | None = None


async def export_readings(
    source: ReadingSource, request: ExportRequest, table: TableWriter, unit: Callable[[str, str], str | None]
) -> AsyncIterator[bytes]:
    """Yield the exported file in chunks of bytes. Readings are sorted by device, metric and time.

    Args:
        source: The history.
        request: Which readings to export.
        table: Encoder of the file format.
        unit: Returns the unit of a metric, given the device id and the metric's name.
    """
    for device, metric in await source.series(request.devices, request.metric):
        start: int | None = request.start
        limit = LONG_TEXT_PAGE  # the first page shows whether the values are long texts
        while start is not None:
            page = await source.readings(device, metric, start, request.end, limit)
            limit = LONG_TEXT_PAGE if any(_is_long(value) for _, value, _ in page.points) else PAGE
            if chunk := await table.add(page, unit(device, metric)):
                yield chunk
            start = page.next
    if chunk := await table.end():
        yield chunk


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
    """Import the rows of a table, batch by batch.

    If an error occurs, the rows imported before it stay. They are not duplicated if the same table is imported again.

    Args:
        sink: The history.
        read: Returns the next batch of rows.
        room: How many metrics a device, and all devices together, may have.
        known: Returns True if a device with the given id exists.
        introduce: Creates a device with the given id.
        zone: Time zone that the reader of the table uses for times without a zone.

    Raises:
        HubError: The table cannot be imported. The message says how many readings were imported before the error.
    """
    counts, metrics = _Counts(zone), _MetricLimit(sink, room)
    try:
        while True:
            batch = await read()
            await metrics.check(batch.readings)
            for device in dict.fromkeys(one.device for one in batch.readings):
                if not known(device) and device not in counts.new_devices:
                    await introduce(device)
                    counts.new_devices.add(device)
            counts.add(batch, await sink.add(batch.readings))
            if batch.wrong is not None:
                raise Invalid(*batch.wrong)
            if batch.last:
                return counts.result()
    except Rejected as error:
        raise Invalid(error.message + counts.so_far()) from error
    except HubError as error:
        raise type(error)(error.message + counts.so_far(), error.hint) from error


class _MetricLimit:
    """Checks that an import does not give devices more metrics than allowed."""

    def __init__(self, sink: ReadingSink, room: Room) -> None:
        self._sink = sink
        self._room = room
        self._known: dict[str, set[str]] = {}

    async def check(self, readings: Sequence[Reading]) -> None:
        """Raise Invalid if these readings would exceed the maximum number of metrics."""
        names = dict.fromkeys((one.device, one.metric) for one in readings)
        if unseen := list(dict.fromkeys(device for device, _ in names if device not in self._known)):
            self._known.update((device, set()) for device in unseen)
            for device, metric in await self._sink.series(unseen, None):
                self._known[device].add(metric)
        new = [(device, metric) for device, metric in names if metric not in self._known[device]]
        if new and self._sink.stats().series + len(new) > self._room.total:
            raise Invalid(
                f"With this table the hub would have more than {self._room.total:,} metrics.",
                "Raise limits.total_metrics in hub.toml, or import fewer metrics.",
            )
        for device, metric in new:
            self._known[device].add(metric)
            if len(self._known[device]) > self._room.metrics:
                raise Invalid(
                    f"{device!r} would have more than {self._room.metrics:,} metrics.",
                    "Raise limits.metrics in hub.toml, or import fewer metrics.",
                )


class _Counts:
    """Counts rows during an import."""

    def __init__(self, zone: str) -> None:
        self.new_devices: set[str] = set()
        self._zone = zone
        self._read = self._readings = self._added = self._present = self._texts = self._zoneless = 0
        self._skipped: dict[str, tuple[int, tuple[int, ...]]] = {}  # by reason, the count and the first row numbers

    def add(self, batch: RowBatch, added: int) -> None:
        """Count a batch, of which ``added`` readings are new."""
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

    def result(self) -> ImportResult:
        """Return the result of the whole import."""
        return ImportResult(
            read=self._read,
            added=self._added,
            devices=len(self.new_devices),
            skipped=tuple(SkippedRow(reason, *rest) for reason, rest in self._skipped.items()),
            duplicates=self._present,
            texts=self._texts,
            zone=self._zone if self._zoneless else None,
        )

    def so_far(self) -> str:
        """Return a sentence that says how many readings were imported so far, to be appended to an error message.

        It is empty if no row has been read.
        """
        if not self._read:
            return ""
        return f" The {self._readings} readings before it were imported ({self._added} new)."
