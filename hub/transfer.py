"""The history out to a table, and a table into the history. It knows no HTTP and no file format.

What comes in is history and nothing else: it changes no latest value, raises no alert and is told to nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import msgspec

from hub.errors import HubError, Invalid
from hub.model import Page, Reading
from hub.tables import Table

PAGE = 10_000
"""Readings written at once, about; each piece takes some 30 ms in a thread."""
BATCH = 5_000
"""Readings taken in by one transaction."""


class Source(Protocol):
    """The part of a store that is read: a hub's own, or a view of a folder."""

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]: ...
    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page: ...


class Sink(Protocol):
    async def add(self, readings: Sequence[Reading]) -> int: ...


class Wanted(msgspec.Struct, frozen=True):
    """Which readings: of these devices (None: all), of metrics that fit the pattern (None: all), from ``start`` to
    ``end`` (ms, both included)."""

    start: int
    end: int
    devices: tuple[str, ...] | None = None
    metric: str | None = None


class Taken(msgspec.Struct, frozen=True):
    """``read`` rows stood in the table, ``added`` of them were new; ``devices`` had not been known."""

    read: int
    added: int
    devices: int


async def export(
    source: Source, wanted: Wanted, table: Table, unit: Callable[[str, str], str | None]
) -> AsyncIterator[bytes]:
    """The table in pieces, series after series in the order of their names, each in the order of time."""
    for device, metric in await source.series(wanted.devices, wanted.metric):
        at: int | None = wanted.start
        while at is not None:
            page = await source.readings(device, metric, at, wanted.end, PAGE)
            if piece := await asyncio.to_thread(table.add, page, unit(device, metric)):
                yield piece
            at = page.next
    yield await asyncio.to_thread(table.end)


async def bring_in(
    sink: Sink, rows: Iterator[Reading], known: Callable[[str], bool], introduce: Callable[[str], Awaitable[object]]
) -> Taken:
    """Take in the rows of a table; ``introduce`` makes a device known. Raises Invalid for a row that cannot be, after
    the rows before it: they stay, and are not doubled when all is brought in again."""
    read = added = 0
    fresh: set[str] = set()
    while True:
        batch: list[Reading] = []
        wrong: Invalid | None = None
        try:
            await asyncio.to_thread(_fill, batch, rows)
        except Invalid as error:
            wrong = error
        for device in dict.fromkeys(one.device for one in batch):
            if not known(device) and device not in fresh:
                await introduce(device)
                fresh.add(device)
        added += await sink.add(batch)
        read += len(batch)
        if wrong is not None:
            raise _after(wrong, read, added)
        if len(batch) < BATCH:
            return Taken(read, added, len(fresh))


def _fill(batch: list[Reading], rows: Iterator[Reading]) -> None:
    """What was read before a fault stays in the batch."""
    batch.extend(islice(rows, BATCH))


def _after(wrong: HubError, read: int, added: int) -> HubError:
    told = f" The {read} readings before it are in ({added} new) and stay." if read else ""
    return type(wrong)(wrong.message + told, wrong.hint)
