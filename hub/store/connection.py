"""The interface between the store's SQL and the database that runs it: SQLite or PostgreSQL.

The SQL in this package is written once, in the part of SQLite's dialect that both databases understand, with two
exceptions that the connection to PostgreSQL rewrites (postgresql/sql.py):

- parameters are ``?``, or numbered: ``?1``;
- a list is one parameter, made by :func:`to_json`: ``id IN (SELECT value FROM json_each(?))``.

A statement that must differ is kept in both forms, and :attr:`SqlConnection.engine` selects one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Any, Literal, Protocol, TypeVar

import msgspec

Engine = Literal["sqlite", "postgresql"]

T = TypeVar("T")
_AT_ONCE = (256, 16, 1)
"""The numbers of rows that an INSERT statement may have. The largest one that the remaining rows fill is used."""


class Cursor(Protocol):
    """The result of one SQL statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class SqlConnection(Protocol):
    """A connection to the database. Outside of :meth:`transaction`, each statement is committed at once."""

    @property
    def engine(self) -> Engine: ...

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Cursor: ...

    def rows(self, kind: type[T], sql: str, *parameters: Any) -> T:
        """Return all rows of a query at once, which is faster than :meth:`execute` for many rows.

        Args:
            kind: The type of the result: ``list[tuple[int, bytes]]`` for two columns, ``list[int]`` for one.
            sql: The query.
            parameters: The values of its parameters.
        """
        ...

    def transaction(self, *, flush: bool = True) -> AbstractContextManager[None]:
        """Commit at the end of the block, or roll back after an error.

        Without ``flush``, the commit does not wait for the disk. A power cut can then undo the transaction, until a
        later one with ``flush`` is committed. The end of the process cannot undo it.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Let all queries of the block see the same commit."""
        ...

    def close(self) -> None: ...


class JsonList(str):
    """A list as the parameter of ``json_each(?)``.

    SQLite gets the text, which is JSON. PostgreSQL gets ``values``, the list itself.
    """

    __slots__ = ("values",)
    values: list[Any]


def to_json(values: list[Any]) -> JsonList:
    """Encode a list as the parameter of ``json_each(?)``."""
    encoded = JsonList(msgspec.json.encode(values).decode())
    encoded.values = values
    return encoded


def insert(connection: SqlConnection, head: str, rows: Iterable[tuple[Any, ...]], tail: str = "") -> None:
    """Insert rows into a table with as few SQL statements as possible.

    ``head`` is the statement up to and including VALUES. ``tail`` follows the values, and may be an ON CONFLICT clause.

    Python's sqlite3 releases the interpreter lock at every step of a statement, and in a busy process it waits up to 10
    ms to get it back. With ``executemany``, which takes a step for each row, the rate fell from 400,000 rows a second
    to 95.
    """
    rows = list(rows)
    if rows:
        _insert(connection, head, list(chain.from_iterable(rows)), len(rows[0]), tail)


def replace(
    connection: SqlConnection, table: str, columns: str, rows: Iterable[tuple[Any, ...]], keys: int = 1
) -> None:
    """Insert rows. A row replaces the stored row with the same key, which is made of its first ``keys`` columns."""
    names = columns.split(", ")
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[keys:])
    tail = f"ON CONFLICT ({', '.join(names[:keys])}) DO UPDATE SET {changes}"
    # PostgreSQL refuses a statement that writes one row twice.
    latest = {row[:keys]: row for row in rows}
    insert(connection, f"INSERT INTO {table} ({columns}) VALUES", latest.values(), tail)


def insert_columns(connection: SqlConnection, head: str, columns: Sequence[Sequence[Any]]) -> None:
    """Insert rows that are given column by column; see :func:`insert`."""
    flat: list[Any] = [None] * (len(columns) * len(columns[0]))
    for place, column in enumerate(columns):
        flat[place :: len(columns)] = column
    _insert(connection, head, flat, len(columns), "")


def _insert(connection: SqlConnection, head: str, flat: list[Any], width: int, tail: str) -> None:
    count, done = len(flat) // width, 0
    for size in _AT_ONCE:
        if count - done < size:
            continue
        values = ", ".join([f"({', '.join('?' * width)})"] * size)
        while count - done >= size:
            connection.execute(f"{head} {values} {tail}", flat[done * width : (done + size) * width])
            done += size
