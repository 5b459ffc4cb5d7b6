"""A read-only snapshot of the history on PostgreSQL, for commands."""

from __future__ import annotations

from hub.errors import NotFound
from hub.runtime.database_url import database_name
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.errors import translated
from hub.store.postgresql.lease import SCHEMA
from hub.store.postgresql.schema import check_format
from hub.store.read_only import ReadOnlyStore


def open_snapshot(url: str, schema: str = SCHEMA) -> ReadOnlyStore:
    """Open the history as of now. Raises NotFound if there are no tables, StoreError or a subclass."""
    with translated():
        connection = PostgresConnection(url, schema)
        try:
            # The reader of the answers may pause for as long as it likes.
            connection.execute("SET idle_in_transaction_session_timeout = 0")
            if connection.execute("SELECT to_regclass('format') IS NULL").fetchone()[0]:
                raise NotFound(f"There is no history in {database_name(url)}.", "hub serve creates the tables.")
            check_format(connection)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return ReadOnlyStore(connection, translated)
        except BaseException:
            connection.close()
            raise
