"""SQLite: open the database file, run transactions, and translate sqlite3's errors into the hub's own."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import GenericAlias
from typing import Any, TypeVar, get_args

import msgspec

from hub.errors import HubError, StoreBusy, StoreCorrupt, StoreError, StoreRefused
from hub.runtime.private_files import open_private
from hub.store.connection import Engine, SqlConnection

WRITER_CACHE_KIB = 16_384
READER_CACHE_KIB = 8_192
BUSY_TIMEOUT_MS = 1_000
"""How long SQLite waits for a lock of another program."""
WAL_LIMIT_BYTES = 64 * 1_048_576
"""If SQLite's write-ahead log is larger than this, it is truncated."""
CHECK_BYTES = 256 * 1_048_576
"""Database files larger than this are checked only if damage is suspected. Checking this size takes about a second."""

T = TypeVar("T")
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
_REFUSED = {sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def store_error(error: Exception) -> StoreError:
    """Return the hub's own error for an error that occurred while the database was used.

    ``error`` is an error of sqlite3, or one of Python for a value that cannot be stored, such as OverflowError.
    """
    # An error that is not SQLite's own, such as OverflowError for an integer beyond 64 bits, has no code.
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF  # the high bits only refine it
    if isinstance(error, MemoryError):
        return StoreBusy("There is not enough memory to write to the database.", "Give the hub more memory.")
    if code in _BUSY:
        return StoreBusy("The database is locked by another program.", "Close the program that has it open.")
    if code in _FULL:
        return StoreBusy("The database cannot be written: the disk is full or failing.", "Free some space.")
    if code == sqlite3.SQLITE_CANTOPEN:
        hint = "Check that it is a file, its permissions, the free space, and the limit of open files."
        return StoreBusy("The database file cannot be opened.", hint)
    if code in _DAMAGED:
        return StoreCorrupt("The database file is damaged.", "Restart the hub: it sets the file aside.")
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(
            "The hub is not allowed to write to the database.", "Check the owner and permissions of the data folder."
        )
    text = f"The database refused this: {type(error).__name__}: {error!s:.200}."
    # Other errors of sqlite3, and those without a code (a closed database), are not about the values.
    refused = code in _REFUSED or not isinstance(error, sqlite3.Error) or "binding" in str(error)
    return (StoreRefused if refused else StoreError)(text, "Please report it with the log.")


@contextmanager
def translated() -> Iterator[None]:
    """Turn sqlite3's errors into :class:`StoreError` or a subclass. OSError and the hub's own errors pass unchanged."""
    try:
        yield
    except (HubError, OSError):
        raise
    except Exception as error:
        raise store_error(error) from error


class SqliteConnection(sqlite3.Connection):
    """A connection to SQLite; implements :class:`hub.store.connection.SqlConnection`."""

    engine: Engine = "sqlite"

    def rows(self, kind: type[T], sql: str, *parameters: Any) -> T:
        """See :meth:`hub.store.connection.SqlConnection.rows`.

        SQLite returns one row with a JSON text. Python's sqlite3 releases the interpreter lock at every row and, in a
        busy process, waits up to 10 ms to get it back.
        """
        of: Any = kind  # mypy does not know that types are hashable
        aggregated, decode, blobs = _aggregated(of, sql)
        found: Any = decode(self.execute(aggregated, parameters).fetchone()[0])
        if blobs and found:
            columns: list[Any] = [*zip(*found, strict=True)]
            for place in blobs:
                columns[place] = map(bytes.fromhex, columns[place])
            found = [*zip(*columns, strict=True)]
        rows: T = found
        return rows

    @contextmanager
    def transaction(self, *, flush: bool = True) -> Iterator[None]:
        """See :meth:`hub.store.connection.SqlConnection.transaction`.

        The write lock is taken at once, so that a busy database fails at the beginning.
        """
        if not flush:
            self.execute("PRAGMA synchronous = NORMAL")
        try:
            self.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.execute("COMMIT")
            except BaseException:
                if self.in_transaction:  # sqlite has already rolled back after some errors
                    self.execute("ROLLBACK")
                raise
        finally:
            if not flush:
                self.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        self.execute("BEGIN")
        try:
            yield
        finally:
            # Nothing was written. Unlike COMMIT, it also ends the transaction after an error.
            self.execute("ROLLBACK")


@lru_cache(256)
def _aggregated(kind: Any, sql: str) -> tuple[str, Callable[[str], Any], list[int]]:
    """Rewrite a query so that it returns all its rows as one JSON text.

    ``kind`` is the type of the result, such as ``list[tuple[int, bytes]]``.

    Returns:
        The new query; a decoder for the JSON text; and the indices of the columns with blobs, which are hexadecimal
            digits in the text.
    """
    (row,) = get_args(kind)
    columns = get_args(row) or (row,)
    names = [f"c{place}" for place in range(len(columns))]
    blobs = [place for place, column in enumerate(columns) if column is bytes]
    values = ", ".join(f"hex({name})" if place in blobs else name for place, name in enumerate(names))
    item = f"json_array({values})" if get_args(row) else values
    text = f"WITH found ({', '.join(names)}) AS ({sql}) SELECT json_group_array({item}) FROM found"  # noqa: S608 (our own words)
    if get_args(row):
        row = GenericAlias(tuple, tuple(str if column is bytes else column for column in columns))
    return text, msgspec.json.Decoder(GenericAlias(list, row)).decode, blobs


def connect_writer(path: Path) -> SqliteConnection:
    """Open the connection that writes, in WAL mode; a COMMIT is on the disk when it returns."""
    create_private(path)
    connection = _connect(path, WRITER_CACHE_KIB)
    connection.execute("PRAGMA journal_mode = WAL")
    # With NORMAL a power cut could lose commits whose messages the broker no longer has.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
    return connection


def create_private(path: Path) -> None:
    """Create an empty database file that only its owner may use; SQLite gives its log and index files the same mode."""
    try:
        os.close(open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        pass
    except OSError as error:
        hint = "Check the owner and permissions of the data folder, and its free space."
        raise StoreError(f"The database {path} cannot be created ({error.strerror}).", hint) from error


def connect_reader(path: Path) -> SqliteConnection:
    """Open a read-only connection."""
    connection = _connect(path, READER_CACHE_KIB)
    connection.execute("PRAGMA query_only = ON")
    return connection


def _connect(path: Path, cache_kib: int) -> SqliteConnection:
    # Autocommit mode: `transaction` begins and ends transactions. One thread at a time uses a connection, but another
    # one opens and closes it.
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=256, factory=SqliteConnection
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    # Temporary files would be outside the data folder, on a disk that may be full or readable for others.
    connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def check(connection: sqlite3.Connection, path: Path) -> bool:
    """Check the database file for damage, and return whether all of it was read.

    A file above :data:`CHECK_BYTES` is read as a whole only if damage is suspected. Raises :class:`StoreCorrupt` for a
    damaged file.
    """
    with translated():
        # Reads the header: a file that is no database fails here.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        whole = path.stat().st_size <= CHECK_BYTES or suspicion_of(path).exists()
        if whole:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise StoreCorrupt("The database file is damaged.")
    suspicion_of(path).unlink(missing_ok=True)
    return whole


def suspicion_of(path: Path) -> Path:
    """Return the path of the file that marks a database as possibly damaged.

    The hub creates it when it finds damage. If it exists, the next start checks the whole database.
    """
    return path.with_name(path.name + "-suspect")


def empty_long_log(connection: SqlConnection, path: Path) -> None:
    """Truncate SQLite's write-ahead log if it is larger than its limit.

    SQLite starts to overwrite the log only while there are no readers, which may never happen in a busy hub. This waits
    up to ``BUSY_TIMEOUT_MS`` for such a moment. If none comes, nothing is lost and the next call tries again.
    """
    with suppress(sqlite3.Error, OSError):
        if wal_of(path).stat().st_size > WAL_LIMIT_BYTES:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def wal_of(path: Path) -> Path:
    """Return the path of SQLite's write-ahead log of a database file."""
    return path.with_name(path.name + "-wal")


def set_aside(path: Path) -> Path:
    """Rename a damaged database and its log to ``NAME.damaged-TIME``, and return the new path."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = path.with_name(f"{path.name}.damaged-{stamp}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    path.rename(target)
    if wal_of(path).exists():  # it may hold commits that can still be saved, and must not go into the fresh file
        wal_of(path).rename(wal_of(target))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    suspicion_of(path).unlink(missing_ok=True)
    return target
