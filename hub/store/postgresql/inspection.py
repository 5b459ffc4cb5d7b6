"""Inspect a PostgreSQL server for ``hub doctor``. Nothing is changed or created there."""

from __future__ import annotations

import time
from typing import NamedTuple

from hub.runtime.clock import now_ms
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.errors import translated
from hub.store.postgresql.lease import NOW, SCHEMA


class Replica(NamedTuple):
    """A server that copies this one.

    Attributes:
        name: Its name, or its address.
        behind: How many bytes of changes it has not applied yet; None if the hub's user may not see this.
        lag_s: How long it took to apply the last change, in seconds; None if not known.
    """

    name: str
    behind: int | None
    lag_s: float | None


class ServerReport(NamedTuple):
    """The state of a server and of the hub's tables there.

    Attributes:
        version: Version of PostgreSQL, such as ``15.4``.
        ahead_ms: How far its clock is ahead of this machine's; negative if it is behind.
        replica: True if it is a read-only replica.
        format: Format of the hub's tables; None if there are none.
        usable: True if the hub's user may create the tables, or change those that exist.
        unsafe: Names of settings with which a power cut can undo commits.
        holder: Which hub serves the database; None if none does.
        size: Size of the database in bytes.
        replicas: The servers that copy this one.
    """

    version: str
    ahead_ms: int
    replica: bool
    format: int | None
    usable: bool
    unsafe: list[str]
    holder: str | None
    size: int
    replicas: list[Replica]


def inspect(url: str, schema: str = SCHEMA) -> ServerReport:
    """Return the state of the server. Blocks. Raises StoreError if it cannot be used at all."""
    with translated():
        connection = PostgresConnection(url, schema)
        try:
            return _report(connection, schema)
        finally:
            connection.close()


def _report(connection: PostgresConnection, schema: str) -> ServerReport:
    before = time.time()
    (server_ms,) = connection.execute(f"SELECT {NOW}").fetchone()
    here_ms = now_ms() - int((time.time() - before) * 500)  # the answer was made half a round trip ago
    version, replica, size = connection.execute(
        "SELECT current_setting('server_version'), pg_is_in_recovery(), pg_database_size(current_database())"
    ).fetchone()
    found = connection.execute("SELECT to_regclass('format') IS NOT NULL").fetchone()[0]
    stored = connection.execute("SELECT number FROM format").fetchone()[0] if found and _may_read(connection) else None
    unsafe = connection.execute(
        "SELECT name FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') "
        "AND setting = 'off' ORDER BY name"
    ).fetchall()
    return ServerReport(
        version=version.split()[0],
        ahead_ms=server_ms - here_ms,
        replica=replica,
        format=stored,
        usable=_may_write(connection) if found else _may_create(connection, schema),
        unsafe=[name for (name,) in unsafe],
        holder=_holder(connection) if stored is not None else None,
        size=size,
        replicas=_replicas(connection),
    )


def _may_read(connection: PostgresConnection) -> bool:
    return bool(connection.execute("SELECT has_table_privilege('format', 'SELECT')").fetchone()[0])


def _may_write(connection: PostgresConnection) -> bool:
    """Return whether the user owns the tables: the hub also creates and drops the tables of weeks."""
    owner = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('chunk_sealed')"
    row = connection.execute(owner).fetchone()
    return bool(row and row[0])


def _may_create(connection: PostgresConnection, schema: str) -> bool:
    exists = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (schema,)).fetchone()
    query = "SELECT has_database_privilege(current_database(), 'CREATE')"
    if exists is not None:
        return bool(connection.execute("SELECT has_schema_privilege(?, 'CREATE')", (schema,)).fetchone()[0])
    return bool(connection.execute(query).fetchone()[0])


def _holder(connection: PostgresConnection) -> str | None:
    query = f"SELECT holder FROM heartbeat WHERE {NOW} - at < 10000"  # noqa: S608 (our own words)
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _replicas(connection: PostgresConnection) -> list[Replica]:
    rows = connection.execute(
        "SELECT coalesce(nullif(application_name, ''), host(client_addr), 'a replica'), "
        "CAST(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() "
        "ELSE pg_current_wal_lsn() END, replay_lsn) AS BIGINT), "
        "CAST(extract(epoch FROM replay_lag) AS DOUBLE PRECISION) FROM pg_stat_replication ORDER BY 1"
    ).fetchall()
    return [Replica(*row) for row in rows]
