"""A read-only snapshot of the history in a data folder. A hub may write to the folder at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from hub.errors import NotFound, StoreError
from hub.model import Alert, Diagnosis, Page
from hub.store import queries
from hub.store.connection import SqlConnection
from hub.store.migrations import NEWEST_FORMAT, check_format
from hub.store.query.paging import read_page
from hub.store.rows import Unreadable
from hub.store.series import read_series
from hub.store.sqlite import FILE
from hub.store.sqlite_connection import connect_reader, translated
from hub.store.wal.memtable import Memtable


class ReadOnlyStore:
    """The history as of the moment of :meth:`open`: all answers come from one read transaction.

    Attributes:
        unreadable: batches of the log that cannot be read; their readings are missing in answers.
    """

    def __init__(
        self, connection: SqlConnection, translated: Callable[[], AbstractContextManager[None]] = translated
    ) -> None:
        """Use a connection that has begun a read transaction. ``translated`` turns its errors into the hub's own."""
        self._connection, self._translated = connection, translated
        self.unreadable: list[Unreadable] = []
        self._log = Memtable.read(connection, self.unreadable)

    @classmethod
    def open(cls, directory: Path) -> ReadOnlyStore:
        """Open the history in ``directory``. Raises NotFound if it does not exist, StoreError for another format."""
        path = directory / FILE
        if not path.exists():
            raise NotFound(f"There is no history in {directory}.", "Pass the hub's data folder with --data.")
        with translated():
            if check_format(path) != NEWEST_FORMAT:
                raise StoreError(
                    "The history is of an earlier version of Watchkeeper.", "Start the hub of this version on it once."
                )
            connection = connect_reader(path)
            try:
                connection.execute("BEGIN")
                return cls(connection)
            except BaseException:
                connection.close()
                raise

    def states(self) -> dict[str, bytes]:
        """Return the stored states of all devices by id, not decoded."""
        with self._translated():
            return queries.states(self._connection)[0]

    def confirmed_cases(self, limit: int) -> list[tuple[Alert, Diagnosis]]:
        """Return alerts with a confirmed cause and their diagnoses, last confirmed first."""
        with self._translated():
            return queries.confirmed_cases(self._connection, limit)

    async def series(self, devices: Sequence[str] | None, metric: str | None) -> list[tuple[str, str]]:
        with self._translated():
            return await asyncio.to_thread(read_series, self._connection, devices, metric)

    async def readings(self, device: str, metric: str, start: int, end: int, limit: int) -> Page:
        with self._translated():
            return await asyncio.to_thread(read_page, self._connection, self._log, device, metric, start, end, limit)

    def close(self) -> None:
        self._connection.close()
