"""A connection to PostgreSQL with the interface of the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar, get_args

import psycopg
from psycopg import sql as names
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper

from hub.errors import StoreError
from hub.runtime.database_url import database_name
from hub.store.connection import Cursor, Engine, JsonList
from hub.store.postgresql.errors import connection_error
from hub.store.postgresql.sql import rewrite

T = TypeVar("T")

MIN_VERSION = 15
CONNECT_TIMEOUT_S = 5
LOCK_TIMEOUT_MS = 5_000
"""How long a statement waits for a lock of another program."""
IDLE_TIMEOUT_MS = 10_000
"""PostgreSQL ends a transaction in which the hub does nothing for so long: it would keep others from taking over."""
STATEMENT_TIMEOUT_MS = 60_000

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_OPTIONS: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": CONNECT_TIMEOUT_S,
    "application_name": "watchkeeper",
    "client_encoding": "UTF8",
    # Find out within some 15 seconds that the server's machine is gone.
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
    "cursor_factory": psycopg.RawCursor,
}


class PostgresConnection:
    """Implements :class:`hub.store.connection.SqlConnection`.

    Attributes:
        epoch: The lease of the hub that writes; None if this connection only reads.
    """

    engine: Engine = "postgresql"

    def __init__(self, url: str, schema: str) -> None:
        self._url, self.schema = url, schema
        self.epoch: int | None = None
        self._connection = self._connect()

    @property
    def closed(self) -> bool:
        closed: bool = self._connection.closed
        return closed

    def reconnect(self) -> None:
        """Connect again after the connection was lost."""
        with suppress(psycopg.Error):
            self._connection.close()
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[Any]:
        """Return a new connection. Raises StoreError if the server refuses it or its database cannot be used."""
        try:
            connection = psycopg.connect(self._url, **_OPTIONS)
        except psycopg.Error as error:
            raise connection_error(error, self._url) from None  # its text may contain parts of the URL
        try:
            _check_server(connection, database_name(self._url))
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        # Otherwise the type of a parameter, and so the prepared statement, would depend on the size of the number.
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        connection.execute(
            names.SQL(
                "SET search_path TO {schema}, pg_catalog; SET lock_timeout = {lock}; SET statement_timeout = {run}; "
                "SET idle_in_transaction_session_timeout = {idle}"
            ).format(
                schema=names.Identifier(self.schema),
                lock=names.Literal(LOCK_TIMEOUT_MS),
                run=names.Literal(STATEMENT_TIMEOUT_MS),
                idle=names.Literal(IDLE_TIMEOUT_MS),
            )
        )

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor:
        text, lists = rewrite(sql)
        given = [_parameter(value, place in lists) for place, value in enumerate(parameters)]
        cursor: Cursor = self._connection.execute(text.encode(), given, binary=True)
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor:
        cursor: Cursor = self._connection.cursor()
        for row in parameters:
            cursor = self.execute(sql, row)
        return cursor

    def rows(self, kind: type[T], sql: str, *parameters: Any) -> T:
        """See :meth:`hub.store.connection.SqlConnection.rows`."""
        found: Any = self.execute(sql, parameters).fetchall()
        (row,) = get_args(kind)
        if not get_args(row):
            found = [value for (value,) in found]
        rows: T = found
        return rows

    @contextmanager
    def transaction(self, *, flush: bool = True) -> Iterator[None]:
        """See :meth:`hub.store.connection.SqlConnection.transaction`.

        Raises StoreError if another hub has taken the lease meanwhile.
        """
        self._connection.execute(b"BEGIN")
        try:
            if not flush:
                self._connection.execute(b"SET LOCAL synchronous_commit = off")
            if self.epoch is not None:
                self._check_lease()
            yield
            ended = self._connection.execute(b"COMMIT")
            # PostgreSQL answers ROLLBACK, without an error, if a statement of the transaction has failed.
            if ended.statusmessage != "COMMIT":
                raise StoreError("PostgreSQL did not commit a transaction.", "Please report it with the log.")
        except BaseException:
            with suppress(psycopg.Error):  # the connection may be lost, which ends the transaction, too
                self._connection.execute(b"ROLLBACK")
            raise

    def _check_lease(self) -> None:
        # The lock on the row makes a hub that takes over wait until this transaction has ended.
        if self.execute("SELECT 1 FROM lease WHERE epoch = ? FOR SHARE", (self.epoch,)).fetchone() is None:
            raise StoreError(
                "Another hub has taken over this database.", "Only one hub can use it: stop one of the two."
            )

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        begin = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        try:
            self._connection.execute(begin)
        except psycopg.OperationalError:  # the server was restarted since the last query
            self.reconnect()
            self._connection.execute(begin)
        try:
            yield
        finally:
            with suppress(psycopg.Error):
                self._connection.execute(b"ROLLBACK")

    def close(self) -> None:
        self._connection.close()


def _check_server(connection: psycopg.Connection[Any], name: str) -> None:
    """Raise StoreError if the version of the server is too old, or the texts of the database are not Unicode."""
    version = connection.info.server_version  # 150004 for 15.4
    if version < MIN_VERSION * 10_000:
        found = f"{version // 10_000}.{version % 10_000}"
        hint = f"Upgrade PostgreSQL to {MIN_VERSION} or later."
        raise StoreError(f"PostgreSQL at {name} has version {found}, which is too old.", hint)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        hint = "Create a database with createdb --encoding=UTF8 --template=template0."
        raise StoreError(f"The database {name} has the encoding {encoding}, but the hub needs UTF8.", hint)


def _parameter(value: Any, is_list: bool) -> Any:
    """Return a query parameter in the form for PostgreSQL, whose texts cannot contain the character NUL."""
    if isinstance(value, str):
        if is_list and isinstance(value, JsonList):
            return [_parameter(each, False) for each in value.values]
        if isinstance(value, JsonList):
            return str(value).replace("\\u0000", _REPLACEMENT)
        return value.replace("\0", _REPLACEMENT) if "\0" in value else value
    return value
