"""The threads of the store: one writes, a few read, one makes backups.

If a function finds damaged rows, they are moved to the table ``unreadable`` and the function is called again.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from hub.errors import StoreBusy, StoreCorrupt, StoreError, StoreRefused
from hub.store.connection import connect_reader, suspicion_of, translated
from hub.store.rows import DamagedHistory
from hub.store.unreadable import count, put_broken_history_aside

READERS = 2
MAX_WAITING_READS = 500
"""Maximum number of reads that run or wait. Further reads are refused, so that many requests do not fill the memory."""

P = ParamSpec("P")
T = TypeVar("T")


class StoreThreads:
    """Runs the store's functions in threads, each with a connection to the database.

    Functions that write share the writer's connection and run one after another. A function that reads gets a reader's
    connection in a read transaction.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        # The writer's connection. After start only the thread of `_writing` uses it.
        self._connection = connection
        # One thread, so that no two transactions compete for SQLite's write lock.
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(READERS, "store-reader")
        self._copying = ThreadPoolExecutor(1, "store-backup")  # so that a slow backup takes no reader's place
        # As many connections as reading threads, so a thread never waits for one.
        self._readers: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for _ in range(READERS):
            self._readers.put(connect_reader(path))
        self._waiting_reads = 0  # reads that run or wait for a thread
        self._closed = False
        self._unreadable = count(connection)  # rows in the table `unreadable`

    async def close(self) -> None:
        """Finish the work that was begun and close the file. A second call does nothing."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._close)

    def _close(self) -> None:
        # Each pool finishes its work before the connections are closed.
        self._writing.shutdown()
        self._reading.shutdown()
        self._copying.shutdown()
        while not self._readers.empty():
            self._readers.get().close()
        self._connection.close()

    async def _read(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        try:
            return await self._read_once(query, *args, **kwargs)
        except DamagedHistory as error:
            # Once only: if the query fails again, the fault is another one and is reported.
            await self._write(self._leave_out, error)
            return await self._read_once(query, *args, **kwargs)

    async def _read_once(
        self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        if self._waiting_reads >= MAX_WAITING_READS:
            raise StoreBusy("Too many requests for the history wait already.", "Try again in a moment.")
        self._waiting_reads += 1
        try:
            return await self._in_thread(self._reading, lambda: self._snapshot(query, *args, **kwargs))
        except StoreRefused as error:  # that is for values that are written; here a stored value cannot be read
            raise StoreError(error.message, error.hint) from error
        finally:
            self._waiting_reads -= 1

    def _snapshot(self, query: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        connection = self._readers.get()
        try:
            # All statements of a query see the same commit.
            connection.execute("BEGIN")
            try:
                return query(connection, *args, **kwargs)
            finally:
                # Nothing was written. Unlike COMMIT, it also ends the transaction after an error.
                connection.execute("ROLLBACK")
        finally:
            self._readers.put(connection)

    def _leave_out(self, damaged: DamagedHistory) -> int:
        """Move damaged rows of the series in ``damaged`` to the table ``unreadable``; return how many."""
        moved = put_broken_history_aside(self._connection, damaged.series)
        self._unreadable += moved
        return moved

    async def _write(self, change: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        work = partial(change, *args, **kw)
        try:
            return await self._in_thread(self._writing, work)
        except DamagedHistory as error:
            await self._in_thread(self._writing, partial(self._leave_out, error))
            return await self._in_thread(self._writing, work)

    async def _in_thread(self, pool: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._closed:
            raise StoreError("The history is closed: the hub is stopping.")
        return await asyncio.get_running_loop().run_in_executor(pool, self._watched, work)

    def _watched(self, work: Callable[[], T]) -> T:
        try:
            with translated():
                return work()
        except StoreCorrupt:
            # Checking a large file takes minutes, so the next start does it, before anything relies on the file.
            suspicion_of(self.path).touch()
            raise
