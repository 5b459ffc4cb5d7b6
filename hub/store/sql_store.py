"""The store on an SQL database: one thread that writes, a few that read. The SQL is in the modules that it calls.

Nothing here blocks the event loop. A read runs in a transaction of its own and sees whole commits only. Compaction runs
in the writer's thread, in slices that queue behind the commits that wait already::

    commit ─▶ due? ─▶ slice ─▶ (commits that came meanwhile) ─▶ slice ─▶ … ─▶ done

- Due: enough points of the log are before the checkpoint. If most points are after it, the store requests a newer
  checkpoint (``requested_checkpoint``); the pipeline then commits the states that are missing.
- Urgent: the log is so long that the commit itself runs slices, so that log and memtable stay bounded.
- A slice that fails changes nothing; the next commit tries again.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from hub.errors import StoreBusy, StoreCorrupt, StoreError
from hub.model import (
    Activity,
    Alert,
    AlertEntry,
    AlertSilence,
    AlertState,
    Command,
    Diagnosis,
    Incident,
    IncidentState,
    Page,
    Reading,
    Rejection,
    Series,
    SeriesQuery,
)
from hub.runtime.clock import now_ms
from hub.store import incidents, queries
from hub.store.audit import AuditStore
from hub.store.base import Delta, Retention, StoredSnapshot, StoreStats
from hub.store.bulk_import import add_readings
from hub.store.chunks.compaction import CompactionPace, compact_slice, is_due, is_urgent
from hub.store.chunks.retention import expire_slice, log_is_due
from hub.store.connection import SqlConnection
from hub.store.conversations import ConversationStore
from hub.store.documents import DocumentLibrary
from hub.store.files import FileTable
from hub.store.notifications import NotificationStore
from hub.store.query.history import read_history
from hub.store.query.paging import read_page
from hub.store.reactions import ReactionStore
from hub.store.rows import DamagedHistory, Unreadable
from hub.store.series import read_series
from hub.store.threads import StoreThreads
from hub.store.unreadable import put_aside, put_broken_rows_aside
from hub.store.writer import StoreWriter

log = logging.getLogger(__name__)


class SqlStore(StoreThreads):
    """The store on an SQL database: what SQLite and PostgreSQL have in common of :class:`hub.store.base.Store`."""

    def __init__(self, writer: StoreWriter, readers: Sequence[SqlConnection]) -> None:
        super().__init__(writer.connection, readers)
        self._parallel = len(readers)
        # Used in the writer's thread only, except for its memtable, which has a lock.
        self._writer = writer
        # These have transactions of their own, because nothing in them belongs to a batch of the pipeline.
        self.conversations = ConversationStore(self._read, lambda change: self._write(change, writer.connection))
        self.audit = AuditStore(self._read, lambda change: self._write(change, writer.connection))
        self.notifications = NotificationStore(self._read, lambda change: self._write(change, writer.connection))
        self.reactions = ReactionStore(self._read, lambda change: self._write(change, writer.connection))
        self.library = DocumentLibrary(self._read, lambda change: self._write(change, writer.connection))
        self.files: FileTable | None = None  # the files of the data folder, if several machines share the database
        self._commits = 0  # since start-up
        self._last_commit: int | None = None  # in epoch ms
        self._compacting_keys = False  # a slice of deduplication keys waits in the writer's queue
        self._compacting = False  # a slice of readings waits in the writer's queue
        self._pace = CompactionPace(writer.memtable)  # of the compaction under way
        self._compaction_failed = False  # the last slice failed, and this was logged
        self.requested_checkpoint = 0  # see Store.requested_checkpoint

    @abstractmethod
    async def backup(self, target: Path) -> None: ...

    @abstractmethod
    def stats(self) -> StoreStats: ...

    def problem(self) -> str | None:
        return None

    async def replaced(self) -> None:
        await asyncio.Event().wait()  # never: one hub at a time uses the database

    async def load(self, state_bytes: int | None = None) -> StoredSnapshot:
        try:
            return await self._read(queries.load, state_bytes)
        # These errors concern the whole file, so moving rows aside would not help.
        except (StoreBusy, StoreCorrupt):
            raise
        except StoreError:
            self._unreadable += await self._write(put_broken_rows_aside, self._writer.connection)
            return await self._read(queries.load, state_bytes)

    async def put_aside(self, rows: Sequence[Unreadable]) -> None:
        if rows:
            await self._write(put_aside, self._writer.connection, rows)
            self._unreadable += len(rows)

    async def commit(self, owner: int, delta: Delta) -> None:
        await self._write(self._commit, owner, delta)
        self._commits += 1
        self._last_commit = now_ms()

    def _commit(self, owner: int, delta: Delta) -> None:
        writer = self._writer
        writer.write(owner, delta)
        # Slices are queued rather than run here, so that this commit does not wait for them.
        if writer.keys.due and not self._compacting_keys:
            self._compacting_keys = self._later(self._compact_keys)
        if not self._compacting:  # points of a running compaction are still in the log and would count again
            if is_due(writer.memtable.points_up_to(writer.checkpoint), writer.series):
                self._pace = CompactionPace(writer.memtable)
                self._compacting = self._later(self._compact)
            elif self.requested_checkpoint <= writer.checkpoint and is_due(len(writer.memtable), writer.series):
                self.requested_checkpoint = writer.memtable.newest
        # Back pressure: the log grows faster than the queued slices can empty it, so this commit waits for some.
        while is_urgent(writer.memtable, writer.series) and self._compact_slice():
            pass

    def _compact_keys(self) -> None:
        self._compacting_keys = False
        # The flag was reset before the slice: if the slice fails, the next commit queues another one.
        with suppress(StoreError):  # for example a full disk: the keys wait for a later commit
            more = self._watched(self._writer.keys.compact_slice)
            self._compacting_keys = more and self._later(self._compact_keys)

    def _compact(self) -> None:
        more = all(self._compact_slice() for _ in range(self._pace.slices()))
        self._compacting = more and self._later(self._compact)

    def _compact_slice(self) -> bool:
        """Compact one slice of the log. Return True if more is left. If the slice fails, a later commit tries again."""
        try:
            more = self._watched(partial(compact_slice, self._writer.connection, self._writer.memtable))
            self._compaction_failed = False
            return more
        # Damaged chunks would fail every later compaction. Without them the slice succeeds the next time.
        except DamagedHistory as error:
            return self._leave_out(error) > 0
        # The commit before this slice has succeeded and must not be reported as failed; compaction can wait.
        except Exception:
            if not self._compaction_failed:
                log.warning("Compaction of the write-ahead log failed. The next commit tries again.", exc_info=True)
            self._compaction_failed = True
            return False

    def _later(self, work: Callable[[], None]) -> bool:
        with suppress(RuntimeError):  # the store is closing: what was submitted still runs, nothing new is accepted
            self._writing.submit(work)
            return True
        return False

    async def history(self, queries: Sequence[SeriesQuery]) -> list[Series]:
        # Split among the readers: the database works without the interpreter lock, so two are nearly twice as fast.
        size = -(-len(queries) // self._parallel) or 1
        parts = [queries[i : i + size] for i in range(0, len(queries), size)]
        found = await asyncio.gather(*(self._read(read_history, self._writer.memtable, part) for part in parts))
        return [series for part in found for series in part]

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
        return await self._read(read_series, devices, metric)

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page:
        return await self._read(read_page, self._writer.memtable, device, metric, start, end, limit)

    async def add(self, readings: Sequence[Reading]) -> int:
        return await self._write(add_readings, self._writer, readings)

    async def alerts(
        self,
        *,
        states: Iterable[AlertState] | None = None,
        device: str | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Alert]:
        return await self._read(queries.alerts, states, device, limit, before)

    async def alert(self, alert_id: str) -> Alert | None:
        return await self._read(queries.alert, alert_id)

    async def alert_history(
        self, alert_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        return await self._read(queries.alert_history, alert_id, limit, before)

    async def incidents(
        self,
        *,
        states: Iterable[IncidentState] | None = None,
        limit: int = 100,
        before: tuple[int, str] | None = None,
    ) -> list[Incident]:
        return await self._read(incidents.incidents, states, limit, before)

    async def incident(self, incident_id: str) -> Incident | None:
        return await self._read(incidents.incident, incident_id)

    async def incident_alerts(self, incident_id: str, limit: int = 500) -> list[Alert]:
        return await self._read(incidents.incident_alerts, incident_id, limit)

    async def incident_history(
        self, incident_id: str, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, AlertEntry]]:
        return await self._read(incidents.incident_history, incident_id, limit, before)

    async def silences(self, limit: int = 500) -> list[AlertSilence]:
        return await self._read(queries.silences, limit)

    async def similar_alerts(self, alert: Alert, limit: int = 20) -> list[Alert]:
        return await self._read(queries.similar_alerts, alert, limit)

    async def confirmed_alerts(self, devices: Sequence[str], metric: str | None, limit: int = 20) -> list[Alert]:
        return await self._read(queries.confirmed_alerts, devices, metric, limit)

    async def diagnoses(self, alert_ids: Sequence[str]) -> dict[str, Diagnosis]:
        return await self._read(queries.diagnoses, alert_ids)

    async def diagnosis(self, diagnosis_id: str) -> Diagnosis | None:
        return await self._read(queries.diagnosis, diagnosis_id)

    async def commands(self, device: str, limit: int = 100) -> list[Command]:
        return await self._read(queries.commands, device, limit)

    async def command(self, command_id: str) -> Command | None:
        return await self._read(queries.command, command_id)

    async def rejections(self, limit: int = 100) -> list[Rejection]:
        return await self._read(queries.rejections, limit)

    async def activity(
        self, *, device: str | None = None, kind: str | None = None, limit: int = 100, before: int | None = None
    ) -> list[tuple[int, Activity]]:
        return await self._read(queries.activity, device, kind, limit, before)

    async def last_fired(self) -> dict[str, int]:
        return await self._read(queries.last_fired)

    async def tidy(self) -> None:
        while await self._write(compact_slice, self._writer.connection, self._writer.memtable):
            pass

    async def expire(self, retentions: Sequence[Retention]) -> int:
        newest = max(retention.raw for retention in retentions)
        for _ in range(2):  # a compaction under way may have begun before the points in question came
            if await self._write(log_is_due, self._writer.connection, newest):
                self.requested_checkpoint = max(self.requested_checkpoint, self._writer.memtable.newest)
                await self.tidy()
        return await self._write(expire_slice, self._writer.connection, retentions)
