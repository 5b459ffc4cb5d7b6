"""The store's interface, in the domain's words. It knows no SQL and no file format.

One commit is one transaction: readings, device states with their rule windows and timers, alerts, dedupe keys,
dead letters, diagnoses and the log for people. It is either all on the disk (it survives a power cut) or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hub.model import (
    Activity,
    Alert,
    AlertState,
    Command,
    Diagnosis,
    Page,
    Reading,
    Record,
    RecordBatch,
    Rejection,
    Series,
    SeriesQuery,
)
from hub.store.documents import DocumentLibrary
from hub.store.rows import Unreadable


class Delta(msgspec.Struct, frozen=True):
    """What one batch changes. ``cursor`` is the number of the last record ever committed after this batch, so the first
    of its ``count`` records, those in ``records`` and then those in ``sheets``, has the number ``cursor - count + 1``.
    ``states`` are encoded devices by id, made before the commit so that a retry writes the very same bytes. The kept
    state of any other device lacks at most what the records after ``checkpoint`` tell (None: after this delta); see
    :attr:`Store.wanted`. ``deleted`` devices go with all their history, before anything else in the delta is written.
    """

    cursor: int
    records: Sequence[Record] = ()
    states: dict[str, bytes] = {}
    deleted: Sequence[str] = ()
    alerts: Sequence[Alert] = ()
    diagnoses: Sequence[Diagnosis] = ()
    rejections: Sequence[Rejection] = ()
    activity: Sequence[Activity] = ()
    commands: Sequence[Command] = ()
    checkpoint: int | None = None
    learnt: dict[tuple[str, str], bytes | None] = {}
    """What dialects have to know to read later messages, by ``(dialect, key)``; None forgets it."""
    record_batches: Sequence[RecordBatch] = ()

    @property
    def count(self) -> int:
        return len(self.records) + sum(map(len, self.record_batches))

    @property
    def oldest(self) -> int | None:
        """When the first of its records had come."""
        first = [record.received for record in self.records[:1]]
        return min(first + [int(record_batch.received.min()) for record_batch in self.record_batches], default=None)


class StoredSnapshot(msgspec.Struct, frozen=True):
    """What a start needs: encoded devices, open alerts, the newest dedupe keys of all (oldest first,
    ``(device, key)``) and of each device (little-endian int64, oldest first), and what each dialect had learnt."""

    cursor: int
    states: dict[str, bytes]
    alerts: list[Alert]
    keys: list[tuple[str, int]]
    keys_of: dict[str, bytes]
    learnt: dict[str, dict[str, bytes]] = {}
    checkpoint: int = 0
    records: Iterable[tuple[int, Record]] = ()
    """Those after ``checkpoint`` with their numbers, oldest first and without their keys: a device's state may lack
    them."""
    left: Sequence[str] = ()
    """Devices whose states were left out, see :meth:`Store.load`."""
    commands: list[Command] = []
    """The unsettled ones, oldest first, and those settled last."""
    unreadable: Sequence[Unreadable] = ()
    """What would belong here and cannot be read."""


class Retention(msgspec.Struct, frozen=True):
    """From when on what is kept (ms): readings, the rollups by minutes, those by hours. A tier goes no earlier than a
    finer one. It holds for series whose metric fits the pattern ``metric`` (``*`` and ``?``; None: all) and whose
    device is one of ``devices`` (None: all)."""

    raw: int
    minutes: int
    hours: int
    metric: str | None = None
    devices: frozenset[str] | None = None


class StoreStats(msgspec.Struct, frozen=True):
    """``bytes`` on disk with the write-ahead log; ``last_commit`` in ms (None before the first); ``series`` is how many
    there are, about; ``unreadable`` counts the rows that a start could not read and has put aside."""

    bytes: int
    last_commit: int | None
    commits: int
    series: int = 0
    unreadable: int = 0


class Store(Protocol):
    """Raises :class:`~hub.errors.StoreBusy` when trying again may help, :class:`~hub.errors.StoreError` when not, and
    :class:`~hub.errors.StoreRefused` where the values are the reason: others can be written.

    Every method may be called while a commit runs; readers see whole commits only.
    """

    library: DocumentLibrary
    """Analyses of files, and the manuals among them."""

    @property
    def wanted(self) -> int:
        """The record up to which the states of all devices should be written soon, as :attr:`Delta.checkpoint` says:
        the log can be cut no further. A store that keeps its log for good never wants it."""
        ...

    async def load(self, state_bytes: int | None = None) -> StoredSnapshot:
        """Return what a start needs, with at most about ``state_bytes`` of states (None: all)."""
        ...

    async def put_aside(self, rows: Sequence[Unreadable]) -> None:
        """Move rows that cannot be read to where nothing reads them, so that they are neither lost nor in the way."""
        ...

    async def commit(self, epoch: int, delta: Delta) -> None:
        """Write one batch durably. An ``epoch`` older than the newest seen is refused (StoreError): another owner has
        taken over. Committing the same delta twice writes it once."""
        ...

    async def history(self, queries: Sequence[SeriesQuery]) -> list[Series]:
        """Answers in the order of the queries; an unknown series is an empty one. Texts and booleans have no mean:
        with buckets, booleans count as 0 and 1 and texts are left out."""
        ...

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
        """``(device, metric)`` of all series, in order: of these devices (None: of all), and whose metric fits the
        pattern (``*`` and ``?``; None: all)."""
        ...

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page:
        """Readings as they are, oldest first, about ``limit`` of them; to go on, ask again from ``next``."""
        ...

    async def add(self, readings: Sequence[Reading]) -> int:
        """Put readings among the others, whenever they are of, all or none; how many were new. One that is there
        already, at the same time and with the same value, is not added again; nor is one that comes twice."""
        ...

    async def alerts(
        self,
        *,
        states: Iterable[AlertState] | None = None,
        device: str | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Alert]:
        """Newest first by ``(raised_at, id)``; ``before`` continues after that pair."""
        ...

    async def alert(self, alert_id: str) -> Alert | None: ...

    async def similar_alerts(self, alert: Alert, limit: int = 20) -> list[Alert]:
        """Earlier cleared alerts of the same rule and metric, on any device, newest first."""
        ...

    async def diagnoses(self, alert_ids: Sequence[str]) -> dict[str, Diagnosis]:
        """The newest diagnosis of each alert that has one."""
        ...

    async def diagnosis(self, diagnosis_id: str) -> Diagnosis | None: ...

    async def commands(self, device: str, limit: int = 100) -> list[Command]:
        """Newest first."""
        ...

    async def command(self, command_id: str) -> Command | None: ...

    async def rejections(self, limit: int = 100) -> list[Rejection]:
        """Newest first."""
        ...

    async def activity(
        self, *, device: str | None = None, kind: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Activity]]:
        """Newest first with their row numbers; ``before`` continues below that number."""
        ...

    async def last_fired(self) -> dict[str, int]:
        """For each rule that ever raised an alert, when it last did."""
        ...

    async def expire(self, retentions: Sequence[Retention]) -> int:
        """Delete a bounded slice of what is older than kept; returns how many rows or readings went, 0 when there is
        no more to do. Of the ``retentions`` the first that fits a series holds for it; the last one fits all, and its
        ``raw`` holds for rejections, activity, settled commands, and cleared alerts with their diagnoses."""
        ...

    async def tidy(self) -> None:
        """Finish now what the store else does by itself behind the commits; it changes no answer."""
        ...

    async def backup(self, target: Path) -> None:
        """A consistent copy, made while writing goes on."""
        ...

    def stats(self) -> StoreStats: ...

    async def close(self) -> None: ...
