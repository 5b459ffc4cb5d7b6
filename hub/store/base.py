"""The store's interface, without SQL or file formats.

One commit is one transaction: readings, device states with their rule windows and timers, alerts, deduplication keys,
rejected messages, diagnoses and the activity log. Either all of it is on the disk (it survives a power cut) or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from hub.model import (
    Activity,
    Alert,
    AlertEntry,
    AlertSilence,
    AlertState,
    Command,
    Diagnosis,
    Incident,
    Page,
    PendingNotice,
    Reading,
    Record,
    RecordBatch,
    Rejection,
    Series,
    SeriesQuery,
)
from hub.model.reaction import AlertStepTaken
from hub.store.access import DatabaseAccess
from hub.store.audit import AuditStore
from hub.store.documents import DocumentLibrary
from hub.store.notifications import NotificationStore
from hub.store.reactions import ReactionStore
from hub.store.reader import IncidentReader
from hub.store.rows import Unreadable


class Delta(msgspec.Struct, frozen=True):
    """The changes of one batch.

    Attributes:
        cursor: the number of the batch's last record. Records are numbered in order: first ``records``, then those in
            ``record_batches``. Without any records, it is the number of the last record of earlier batches.
        states: encoded devices by id, encoded before the commit so that a retry writes the same bytes.
        deleted: devices that are deleted with all their history, before anything else of the delta is written.
        checkpoint: a record number. After the commit, the stored states of all devices contain all changes up to this
            record; None: also those of this delta. See :attr:`Store.requested_checkpoint`.
        learnt: the learned state of dialects, which they need to decode later messages, by ``(dialect, key)``. A value
            of None deletes the stored state.
        notices: the changes of alerts that people may have to be notified of.
        reaction_steps: the steps of alerts that may start reactions.
    """

    cursor: int
    records: Sequence[Record] = ()
    states: dict[str, bytes] = {}
    deleted: Sequence[str] = ()
    alerts: Sequence[Alert] = ()
    alert_entries: Sequence[AlertEntry] = ()
    silences: Sequence[AlertSilence] = ()
    incidents: Sequence[Incident] = ()
    diagnoses: Sequence[Diagnosis] = ()
    rejections: Sequence[Rejection] = ()
    activity: Sequence[Activity] = ()
    commands: Sequence[Command] = ()
    checkpoint: int | None = None
    learnt: dict[tuple[str, str], bytes | None] = {}
    record_batches: Sequence[RecordBatch] = ()
    notices: Sequence[PendingNotice] = ()
    reaction_steps: Sequence[AlertStepTaken] = ()

    @property
    def count(self) -> int:
        return len(self.records) + sum(map(len, self.record_batches))

    @property
    def oldest(self) -> int | None:
        """Return when the earliest record of this delta was received, in epoch ms; None if there are no records."""
        first = [record.received for record in self.records[:1]]
        return min(first + [int(record_batch.received.min()) for record_batch in self.record_batches], default=None)


class StoredSnapshot(msgspec.Struct, frozen=True):
    """The stored state, loaded at start-up.

    Attributes:
        cursor: the number of the last record.
        states: encoded devices by id.
        alerts: the open alerts.
        keys: the newest deduplication keys of all devices, ``(device, key)``, oldest first.
        keys_of: the newest deduplication keys of each device by id, as little-endian int64, oldest first.
        learnt: the learned state of each dialect, by key.
        checkpoint: a record number; states may lack the changes of the records after it.
        records: the records after the checkpoint with their numbers, oldest first, without deduplication keys.
        left_out: ids of devices whose states were left out, see :meth:`Store.load`.
        commands: the unsettled commands, oldest first, and the most recently settled commands.
        silences: the silences that have not ended.
        incidents: the open incidents, and the incidents that ended last.
        unreadable: rows of the stored state that cannot be read.
    """

    cursor: int
    states: dict[str, bytes]
    alerts: list[Alert]
    keys: list[tuple[str, int]]
    keys_of: dict[str, bytes]
    learnt: dict[str, dict[str, bytes]] = {}
    checkpoint: int = 0
    records: Iterable[tuple[int, Record]] = ()
    left_out: Sequence[str] = ()
    commands: list[Command] = []
    silences: list[AlertSilence] = []
    incidents: list[Incident] = []
    unreadable: Sequence[Unreadable] = ()


class Retention(msgspec.Struct, frozen=True):
    """Times (epoch ms) before which the readings, minutes and hours of some series are to be deleted.

    It applies to series whose metric matches the pattern ``metric`` (``*`` and ``?``; None: all) and whose device is in
    ``devices`` (None: all). Minutes are kept at least as long as readings, and hours at least as long as minutes.
    """

    raw: int
    minutes: int
    hours: int
    metric: str | None = None
    devices: frozenset[str] | None = None


class StoreStats(msgspec.Struct, frozen=True):
    """Statistics of the store.

    Attributes:
        bytes: size on disk, with SQLite's write-ahead log.
        last_commit: when the last commit ended, in epoch ms; None before the first.
        commits: the number of commits since start-up.
        series: the approximate number of series.
        unreadable: how many rows could not be read and were moved aside.
    """

    bytes: int
    last_commit: int | None
    commits: int
    series: int = 0
    unreadable: int = 0


class Store(IncidentReader, DatabaseAccess, Protocol):
    """Interface of the store.

    Methods raise :class:`~hub.errors.StoreBusy` if a retry may help, :class:`~hub.errors.StoreRefused` if the database
    does not accept the given values (other values can be written), and :class:`~hub.errors.StoreError` otherwise. Every
    method may be called while a commit runs; readers see whole commits only.
    """

    library: DocumentLibrary
    """Analyses of files, including manuals."""
    audit: AuditStore
    """The audit log."""
    notifications: NotificationStore
    """Notifications of alerts and their deliveries."""
    reactions: ReactionStore
    """Runs of reactions."""

    @property
    def requested_checkpoint(self) -> int:
        """Return the requested checkpoint: the record up to which the states of all devices should be written soon.

        The log cannot be compacted any further until a commit has this record as its :attr:`Delta.checkpoint`.
        """
        ...

    async def load(self, state_bytes: int | None = None) -> StoredSnapshot:
        """Return the stored state, with at most about ``state_bytes`` bytes of device states (None: all states)."""
        ...

    async def put_aside(self, rows: Sequence[Unreadable]) -> None:
        """Move rows that cannot be read to quarantine (the table ``unreadable``)."""
        ...

    async def commit(self, owner: int, delta: Delta) -> None:
        """Write one batch durably. Committing the same delta twice writes it once.

        ``owner`` numbers the processes that have owned this store; each later one has a higher number. Raises
        StoreError if a process with a higher number has written.
        """
        ...

    async def history(self, queries: Sequence[SeriesQuery]) -> list[Series]:
        """Return one series for each query, in the same order. A series that the store does not have is empty.

        If a query asks for buckets (equal intervals), booleans count as 0 and 1, and texts are left out.
        """
        ...

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
        """Return pairs of device and metric, sorted: the series of ``devices`` (None: of all devices).

        ``metric`` is a pattern with ``*`` and ``?`` that the metric must match (None: all metrics).
        """
        ...

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page:
        """Return about ``limit`` readings without aggregation, oldest first. The next page starts at ``Page.next``."""
        ...

    async def add(self, readings: Sequence[Reading]) -> int:
        """Add readings of any time, all or none, and return how many were new.

        A reading is skipped if its series has a reading with the same time and value, or if ``readings`` repeats it.
        """
        ...

    async def alerts(
        self,
        *,
        states: Iterable[AlertState] | None = None,
        device: str | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Alert]:
        """Return alerts, newest first. If ``before`` is given, begin after the alert with this ``(raised_at, id)``."""
        ...

    async def alert(self, alert_id: str) -> Alert | None: ...

    async def alert_history(
        self, alert_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        """Return an alert's history with row numbers, newest first. If ``before`` is given, begin below this number."""
        ...

    async def silences(self, limit: int = 500) -> list[AlertSilence]:
        """Return the silences that have not ended, then those that have ended; each group with the newest first."""
        ...

    async def similar_alerts(self, alert: Alert, limit: int = 20) -> list[Alert]:
        """Return earlier cleared alerts of the same rule and metric, on the same or other devices, newest first."""
        ...

    async def confirmed_alerts(self, devices: Sequence[str], metric: str | None, limit: int = 20) -> list[Alert]:
        """Return alerts of these devices and this metric whose cause a person has confirmed, last confirmed first."""
        ...

    async def diagnoses(self, alert_ids: Sequence[str]) -> dict[str, Diagnosis]:
        """Return the newest diagnosis of each alert that has one."""
        ...

    async def diagnosis(self, diagnosis_id: str) -> Diagnosis | None: ...

    async def commands(self, device: str, limit: int = 100) -> list[Command]:
        """Return a device's commands, newest first."""
        ...

    async def command(self, command_id: str) -> Command | None: ...

    async def rejections(self, limit: int = 100) -> list[Rejection]:
        """Return rejected messages, newest first."""
        ...

    async def activity(
        self, *, device: str | None = None, kind: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Activity]]:
        """Return activity entries with row numbers, newest first. If ``before`` is given, begin below this number."""
        ...

    async def last_fired(self) -> dict[str, int]:
        """Return when each rule last raised an alert, in epoch ms. Rules that never did are absent."""
        ...

    async def expire(self, retentions: Sequence[Retention]) -> int:
        """Delete expired data, a limited amount per call. Return how many rows and readings were deleted; 0: none left.

        The first of the ``retentions`` that matches a series applies to it. The last one must match all series. The
        ``raw`` of the last one also applies to rejections, activity, settled commands, ended silences and incidents,
        and cleared alerts without a confirmed cause, with their diagnoses.
        """
        ...

    async def tidy(self) -> None:
        """Compact the whole log now, instead of step by step after commits. The results of queries stay the same."""
        ...

    async def backup(self, target: Path) -> None:
        """Write a consistent copy of the database to ``target`` while commits go on."""
        ...

    def stats(self) -> StoreStats: ...

    async def close(self) -> None: ...
