"""The store on PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import ParamSpec, Self, TypeVar

from hub.errors import StoreError
from hub.runtime.clock import now_ms
from hub.store.base import Delta, Retention, StoreStats
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.errors import translated
from hub.store.postgresql.partitions import create_partitions, drop_expired
from hub.store.postgresql.schema import prepare_schema
from hub.store.rows import UNREADABLE_BODY
from hub.store.sql_store import SqlStore
from hub.store.threads import READERS
from hub.store.unreadable import put_broken_rows_aside
from hub.store.writer import StoreWriter

SCHEMA = "watchkeeper"
CHECK_S = 60.0
# The size of tables with their indexes. A partition is a table of its own.
_SIZE = """SELECT CAST(coalesce(sum(pg_total_relation_size(oid)), 0) AS BIGINT) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = CAST(quote_ident(?) AS REGNAMESPACE)"""

P = ParamSpec("P")
T = TypeVar("T")


class PostgresStore(SqlStore):
    """Implements :class:`hub.store.base.Store`. Made by :meth:`open`."""

    def __init__(self, writer: StoreWriter, connection: PostgresConnection, readers: list[PostgresConnection]) -> None:
        super().__init__(writer, readers)
        self._writing_connection = connection
        self._schema = connection.schema
        self._size = 0  # of all tables, in bytes
        self._next_check = 0.0  # of size and partitions, by the monotonic clock

    @classmethod
    def open(cls, url: str, schema: str = SCHEMA) -> Self:
        """Open or create the tables in ``schema``, and take the lease. Blocks: call it at start-up.

        A hub that had the lease before cannot write any more. Raises StoreError or a subclass.
        """
        with translated():
            connections = [PostgresConnection(url, schema) for _ in range(1 + READERS)]
            try:
                connection = connections[0]
                prepare_schema(connection, schema)
                connection.epoch = take_lease(connection)
                create_partitions(connection, now_ms())
                return cls(_open_writer(connection), connection, connections[1:])
            except BaseException:
                for each in connections:
                    each.close()
                raise

    async def _write(self, change: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        return await super()._write(self._with_connection, partial(change, *args, **kw))

    def _with_connection(self, change: Callable[[], T]) -> T:
        """Run ``change``. If the connection was lost before, connect first and read the writer's state again."""
        if self._writing_connection.closed:
            self._writing_connection.reconnect()
            # It is not known whether the transaction that was under way has been committed.
            self._writer.reload()
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


def take_lease(connection: PostgresConnection) -> int:
    """Take the lease from the hub that had it, and return its new number."""
    with connection.transaction():
        return int(connection.execute("UPDATE lease SET epoch = epoch + 1 RETURNING epoch").fetchone()[0])


def _open_writer(connection: PostgresConnection) -> StoreWriter:
    try:
        return StoreWriter(connection)
    # The rest of the history can be used without these rows.
    except UNREADABLE_BODY:
        put_broken_rows_aside(connection)
        return StoreWriter(connection)
