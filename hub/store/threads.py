"""The threads of the store: one writes, a few read, one makes backups.

If a function finds damaged rows, they are moved to the table ``unreadable`` and the function is called again.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import Concatenate, ParamSpec, TypeVar

from hub.errors import StoreBusy, StoreError, StoreRefused
from hub.store.connection import SqlConnection
from hub.store.rows import DamagedHistory
from hub.store.unreadable import count, put_broken_history_aside

READERS = 2
MAX_WAITING_READS = 500
"""Maximum number of reads that run or wait. Further reads are refused, so that many requests do not fill the memory."""

P = ParamSpec("P")
T = TypeVar("T")


class StoreThreads(ABC):
    """Runs the store's functions in threads, each with a connection to the database.

    Functions that write share the writer's connection and run one after another. A function that reads gets a reader's
    connection in a read transaction.
    """

    def __init__(self, connection: SqlConnection, readers: Sequence[SqlConnection]) -> None:
        # The writer's connection. After start only the thread of `_writing` uses it.
        self._connection = connection
        # One thread, so that no two transactions compete for the same rows, or for SQLite's write lock.
        self._writing = ThreadPoolExecutor(1, "store-writer")
        self._reading = ThreadPoolExecutor(len(readers), "store-reader")
        self._copying = ThreadPoolExecutor(1, "store-backup")  # so that a slow backup takes no reader's place
        # As many connections as reading threads, so a thread never waits for one.
        self._readers: SimpleQueue[SqlConnection] = SimpleQueue()
        for reader in readers:
            self._readers.put(reader)
        self._waiting_reads = 0  # reads that run or wait for a thread
        self._closed = False
        self._unreadable = count(connection)  # rows in the table `unreadable`

    async def close(self) -> None:
        """Finish the work that was begun and close the connections. A second call does nothing."""
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

    async def _read(self, query: Callable[Concatenate[SqlConnection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await self._read_once(query, *args, **kwargs)
        except DamagedHistory as error:
            # Once only: if the query fails again, the fault is another one and is reported.
            await self._write(self._leave_out, error)
            return await self._read_once(query, *args, **kwargs)

    async def _read_once(
        self, query: Callable[Concatenate[SqlConnection, P], T], *args: P.args, **kwargs: P.kwargs
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

    def _snapshot(self, query: Callable[Concatenate[SqlConnection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        connection = self._readers.get()
        try:
            with connection.snapshot():
                return query(connection, *args, **kwargs)
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

    @abstractmethod
    def _watched(self, work: Callable[[], T]) -> T:
        """Run ``work``, and turn errors of the database into :class:`~hub.errors.StoreError` or a subclass."""
