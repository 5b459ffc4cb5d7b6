"""The store on SQLite: one file in the data folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from hub.errors import StoreCorrupt
from hub.runtime.private_files import make_folder
from hub.store.base import Delta, StoreStats
from hub.store.damage import repair
from hub.store.database_copy import copy_database
from hub.store.migrations import check_format, migrate
from hub.store.rows import UNREADABLE_BODY
from hub.store.sql_store import SqlStore
from hub.store.sqlite_connection import (
    check,
    connect_reader,
    connect_writer,
    empty_long_log,
    set_aside,
    suspicion_of,
    translated,
    wal_of,
)
from hub.store.threads import READERS
from hub.store.unreadable import put_broken_rows_aside
from hub.store.writer import StoreWriter

FILE = "watchkeeper.db"
WAL_CHECK_S = 5.0

T = TypeVar("T")


class SqliteStore(SqlStore):
    """The store on SQLite, made by :meth:`open`. The caller holds the lock on the data folder.

    If :meth:`open` has found a damaged database and renamed it, ``set_aside`` is its new path; otherwise None.
    """

    def __init__(self, path: Path, writer: StoreWriter, set_aside: Path | None) -> None:
        super().__init__(writer, [connect_reader(path) for _ in range(READERS)])
        self.path = path
        self.set_aside = set_aside
        self._next_size_check = 0.0  # when to check the size of SQLite's write-ahead log, by the monotonic clock

    @classmethod
    def open(cls, directory: Path) -> Self:
        """Open or create the database in ``directory`` and bring it to the newest format. Blocks: call it at start-up.

        A damaged file is set aside and a new one begun. Raises :class:`StoreError` for a format that cannot be
        upgraded, :class:`StoreBusy` for a locked database.
        """
        make_folder(directory)
        path = directory / FILE
        try:
            return cls(path, open_writer(path), None)
        # A hub that records again is worth more than one that waits for a repair. The old file is kept for that.
        except StoreCorrupt:
            damaged = set_aside(path)
            return cls(path, open_writer(path), damaged)

    def _commit(self, owner: int, delta: Delta) -> None:
        super()._commit(owner, delta)
        if time.monotonic() >= self._next_size_check:
            self._next_size_check = time.monotonic() + WAL_CHECK_S
            empty_long_log(self._writer.connection, self.path)

    async def backup(self, target: Path) -> None:
        """Write a consistent copy while commits go on. ``target`` appears only when it is complete."""
        await self._in_thread(self._copying, partial(self._backup, target))

    def _backup(self, target: Path) -> None:
        make_folder(target.parent)
        copy_database(self.path, target)

    def stats(self) -> StoreStats:
        files = (self.path, wal_of(self.path))
        size = sum(file.stat().st_size for file in files if file.exists())
        return StoreStats(size, self._last_commit, self._commits, self._writer.series, self._unreadable)

    def _watched(self, work: Callable[[], T]) -> T:
        try:
            with translated():
                return work()
        except StoreCorrupt:
            # Checking a large file takes minutes, so the next start does it, before anything relies on the file.
            suspicion_of(self.path).touch()
            raise


def open_writer(path: Path) -> StoreWriter:
    """Open or create the database and bring it to the newest format. Raises StoreError or a subclass."""
    with translated():
        check_format(path)  # before SQLite may write: a file that is refused stays as it is
        connection = connect_writer(path)
        try:
            whole = check(connection, path)
            migrate(connection)
            repair(connection, history=whole)
            try:
                return StoreWriter(connection)
            # Damage inside a body shows only when it is decoded. The rest of the history can be used without these
            # rows.
            except UNREADABLE_BODY:
                put_broken_rows_aside(connection)
                return StoreWriter(connection)
        except BaseException:
            connection.close()
            raise
