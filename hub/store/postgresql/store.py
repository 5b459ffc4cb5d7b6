"""The store on PostgreSQL."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Self, TypeVar

from hub.errors import StoreBusy, StoreError
from hub.runtime.clock import now_ms
from hub.store.base import Delta, Retention, StoreStats
from hub.store.connection import SqlConnection
from hub.store.files import FileTable
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.errors import translated
from hub.store.postgresql.lease import SCHEMA, Candidate, Lease
from hub.store.postgresql.partitions import create_partitions, drop_expired
from hub.store.rows import UNREADABLE_BODY
from hub.store.sql_store import SqlStore
from hub.store.threads import READERS
from hub.store.unreadable import put_broken_rows_aside
from hub.store.writer import StoreWriter

CHECK_S = 60.0
# The size of tables with their indexes. A partition is a table of its own.
_SIZE = """SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS BIGINT) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST(quote_ident(?) AS REGNAMESPACE)"""

P = ParamSpec("P")
T = TypeVar("T")


class PostgresStore(SqlStore):
    """Implements :class:`hub.store.base.Store`. Made by :meth:`open`."""

    def __init__(
        self, writer: StoreWriter, connection: PostgresConnection, readers: list[PostgresConnection], lease: Lease
    ) -> None:
        super().__init__(writer, readers)
        self._writing_connection = connection
        self.files = FileTable(self._read, lambda change, *args: self._write(change, connection, *args))
        self._lease = lease
        self._trying = threading.Lock()  # held by the read that tries to connect while the database is away
        self._schema = connection.schema
        self._stale = False  # whether the writer has to read its state again before it writes
        self._size = 0  # of all tables, in bytes
        self._next_check = 0.0  # of size and partitions, by the monotonic clock

    @classmethod
    def open(cls, url: str, schema: str = SCHEMA, lease: Lease | None = None) -> Self:
        """Open the store. Blocks: call it at start-up.

        ``lease`` is the lease that this hub has. If it is None, take the lease from any hub that has it; that hub
        cannot write any more. Raises StoreError or a subclass; the lease is then released.
        """
        lease = lease or Candidate(url, schema=schema).seize()
        connections: list[PostgresConnection] = []
        try:
            with translated():
                connections += [PostgresConnection(url, schema) for _ in range(1 + READERS)]
                connection = connections[0]
                connection.epoch = lease.epoch
                create_partitions(connection, now_ms())
                return cls(_open_writer(connection), connection, connections[1:], lease)
        except BaseException:
            for each in connections:
                each.close()
            lease.release()
            raise

    def problem(self) -> str | None:
        return self._lease.problem()

    async def replaced(self) -> None:
        loop, lost = asyncio.get_running_loop(), asyncio.Event()
        self._lease.on_loss(partial(loop.call_soon_threadsafe, lost.set))
        await lost.wait()

    def _close(self) -> None:
        super()._close()
        self._lease.release()

    def _snapshot(self, query: Callable[Concatenate[SqlConnection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if (problem := self._lease.problem()) is None:
            return super()._snapshot(query, *args, **kwargs)
        # One read tries to connect. The others would wait for the same, one after another.
        if not self._trying.acquire(blocking=False):
            raise StoreBusy(f"The history cannot be read: {problem}.", "Try again in a moment.")
        try:
            return super()._snapshot(query, *args, **kwargs)
        finally:
            self._trying.release()

    async def _write(self, change: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        return await super()._write(self._with_connection, partial(change, *args, **kw))

    def _with_connection(self, change: Callable[[], T]) -> T:
        """Run ``change``. If the connection was lost before, connect first and read the writer's state again."""
        if self._writing_connection.closed:
            # It is not known whether the transaction that was under way has been committed.
            self._stale = True
            self._writing_connection.reconnect()
        if self._stale:  # also if reading failed the last time: the memtable may be incomplete then
            _reload(self._writer)
            self._stale = False
        return change()

    def _commit(self, owner: int, delta: Delta) -> None:
        super()._commit(owner, delta)
        if time.monotonic() >= self._next_check:
            self._next_check = time.monotonic() + CHECK_S
            create_partitions(self._writing_connection, now_ms())
            self._size = self._writing_connection.execute(_SIZE, (self._schema,)).fetchone()[0]

    async def expire(self, retentions: Sequence[Retention]) -> int:
        before = min(retention.raw for retention in retentions)
        dropped = await self._write(drop_expired, self._writing_connection, before)
        return dropped or await super().expire(retentions)

    async def backup(self, target: Path) -> None:
        raise StoreError("The history is in PostgreSQL.", "Back it up with PostgreSQL's own tools, such as pg_dump.")

    def stats(self) -> StoreStats:
        return StoreStats(self._size, self._last_commit, self._commits, self._writer.series, self._unreadable)

    def _watched(self, work: Callable[[], T]) -> T:
        with translated():
            return work()


def _open_writer(connection: PostgresConnection) -> StoreWriter:
    try:
        return StoreWriter(connection)
    # The rest of the history can be used without these rows.
    except UNREADABLE_BODY:
        put_broken_rows_aside(connection)
        return StoreWriter(connection)


def _reload(writer: StoreWriter) -> None:
    try:
        writer.reload()
    except UNREADABLE_BODY:
        put_broken_rows_aside(writer.connection)
        writer.reload()
