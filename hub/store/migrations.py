"""The format of a database file, and the migrations from one format to the next.

The format is a number in the file's header (``PRAGMA user_version``)::

    0                     an empty file: the first migration creates the tables
    1 to 18               formats of development versions before 0.1.0: refused
    19 (FIRST_FORMAT)     the first migration
    20, 21, …             one more migration each
    above NEWEST_FORMAT   written by a newer version: refused

A migration runs in one transaction together with its number. A migration of many rows has a *step* that runs before
its statements: each call moves one slice in a transaction of its own and finds the remaining rows by itself. So an
upgrade that is killed continues where it stopped, and a migration that fails leaves the database unchanged since
the last slice.

A released migration is never changed; the next change is the next number.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from hub.errors import StoreError
from hub.store.schema import SCHEMA
from hub.store.sqlite_connection import BUSY_TIMEOUT_MS, SqliteConnection, wal_of

Step = Callable[[SqliteConnection], bool]
"""Moves one slice of rows in a transaction of its own. Returns False when nothing was left to move."""


class Migration(NamedTuple):
    """One change of the database's format.

    ``step``, if it is not None, does a part of the change, and is called again until it returns False. Then
    ``statements`` run in one transaction.
    """

    statements: tuple[str, ...]
    step: Step | None = None


MIGRATIONS: tuple[Migration, ...] = (
    Migration(SCHEMA),
    Migration(
        (
            "ALTER TABLE activity ADD COLUMN message_key TEXT",
            "ALTER TABLE activity ADD COLUMN message_params BLOB",
        )
    ),
    Migration(
        (
            # When a person confirmed the alert's cause. Diagnoses learn from such alerts, so retention keeps them.
            "ALTER TABLE alert ADD COLUMN confirmed_at INTEGER",
            "DROP INDEX alert_cleared",
            "CREATE INDEX alert_cleared ON alert (cleared_at) WHERE state = 'cleared' AND confirmed_at IS NULL",
            "CREATE INDEX alert_confirmed ON alert (device, confirmed_at) WHERE confirmed_at IS NOT NULL",
        )
    ),
    Migration(
        (
            # The audit log. repeated: requests that did not succeed are counted in one row by this key.
            """CREATE TABLE audit (
                id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, until INTEGER NOT NULL,
                count INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, operation TEXT NOT NULL,
                person TEXT NOT NULL, account TEXT, token TEXT, client TEXT NOT NULL, object TEXT NOT NULL,
                text TEXT NOT NULL, changes TEXT NOT NULL, details TEXT NOT NULL, repeated TEXT UNIQUE)""",
            "CREATE INDEX audit_at ON audit (at)",
            "CREATE INDEX audit_of_kind ON audit (kind, outcome, id)",
        )
    ),
    Migration(
        (
            # What happened to an alert: its history, oldest first.
            """CREATE TABLE alert_entry (
                id INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, device TEXT NOT NULL,
                body BLOB NOT NULL)""",
            "CREATE INDEX entry_of_alert ON alert_entry (alert, id)",
            "CREATE INDEX entry_of_device ON alert_entry (device)",
        )
    ),
    Migration(
        (
            """CREATE TABLE silence (
                id TEXT PRIMARY KEY, finished INTEGER NOT NULL, at INTEGER NOT NULL, ends_at INTEGER,
                body BLOB NOT NULL)""",
        )
    ),
    Migration(
        (
            # Changes of alerts that notifications have not considered yet.
            "CREATE TABLE notice (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)",
            "CREATE TABLE notification_group (id TEXT PRIMARY KEY, body BLOB NOT NULL)",
            # The outbox. key: for the receiver, to recognize a repeat. attempts: what became of each.
            """CREATE TABLE delivery (
                id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, notification_group TEXT NOT NULL,
                kind TEXT NOT NULL, channel TEXT NOT NULL, receiver TEXT NOT NULL, state TEXT NOT NULL,
                created_at INTEGER NOT NULL, due_at INTEGER NOT NULL, lease_until INTEGER NOT NULL DEFAULT 0,
                attempt INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL, attempts BLOB NOT NULL)""",
            "CREATE INDEX delivery_due ON delivery (channel, due_at) WHERE state IN ('waiting', 'sending')",
            "CREATE INDEX delivery_of_group ON delivery (notification_group)",
        )
    ),
    Migration(
        (
            """CREATE TABLE incident (
                id TEXT PRIMARY KEY, state TEXT NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER,
                body BLOB NOT NULL)""",
            "CREATE INDEX incident_newest ON incident (started_at, id)",
            "CREATE INDEX incident_open ON incident (started_at, id) WHERE ended_at IS NULL",
            "CREATE INDEX incident_ended ON incident (ended_at) WHERE ended_at IS NOT NULL",
            "ALTER TABLE alert ADD COLUMN incident TEXT",
            "CREATE INDEX alert_of_incident ON alert (incident, raised_at, id) WHERE incident IS NOT NULL",
        )
    ),
    Migration(
        (
            # 1: the receiver has the message, or may have it.
            "ALTER TABLE delivery ADD COLUMN heard INTEGER NOT NULL DEFAULT 0",
            "UPDATE delivery SET heard = 1 WHERE state IN ('delivered', 'sending')",
        )
    ),
    Migration(
        (
            # Steps of alerts that reactions have not considered yet; what became of reactions; one row of state.
            "CREATE TABLE reaction_step (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL)",
            """CREATE TABLE reaction_run (
                id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, reaction TEXT NOT NULL,
                at INTEGER NOT NULL, outcome TEXT NOT NULL, body BLOB NOT NULL)""",
            "CREATE INDEX run_of_reaction ON reaction_run (reaction, id)",
            "CREATE INDEX run_at ON reaction_run (at)",
            "CREATE INDEX run_running ON reaction_run (id) WHERE outcome = 'running'",
            "CREATE TABLE reaction_state (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL)",
        )
    ),
)
FIRST_FORMAT = 19
"""The format that the first migration creates."""
NEWEST_FORMAT = FIRST_FORMAT + len(MIGRATIONS) - 1


def version_of(connection: sqlite3.Connection) -> int:
    """Return the format of a database; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def check_format(path: Path) -> int:
    """Return the format of the database file ``path`` without changing a byte; 0 for an empty or missing file.

    Raises StoreError for a format that this version cannot read or upgrade, sqlite3.Error for a damaged file.
    """
    if not path.exists():
        return 0
    # Without a write-ahead log the file is complete, and SQLite must not create one for a check. With one, SQLite has
    # to read it, and a read-only connection does not change it.
    mode = "mode=ro" if wal_of(path).exists() else "immutable=1"
    uri = f"{path.absolute().as_uri()}?{mode}"
    with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_MS / 1_000)) as connection:
        version = version_of(connection)
    refuse_unknown(version)
    return version


def migrate(connection: SqliteConnection, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a database to the newest format. ``connection`` is in autocommit mode.

    Raises StoreError, and changes nothing, for a format that has no upgrade.
    """
    version = version_of(connection)
    refuse_unknown(version, FIRST_FORMAT + len(migrations) - 1)
    for number, (statements, step) in enumerate(migrations, FIRST_FORMAT):
        if number <= version:
            continue
        while step is not None and step(connection):
            pass
        with connection.transaction():
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


def refuse_unknown(version: int, newest: int = NEWEST_FORMAT) -> None:
    """Raise StoreError if this version of Watchkeeper can neither read nor upgrade the format ``version``."""
    if version > newest:
        raise StoreError(
            f"The database has format {version}, but this version of Watchkeeper knows only {newest}.",
            "Install the newer version, or use an empty data folder (--data).",
        )
    if 0 < version < FIRST_FORMAT:
        raise StoreError(
            f"The database has format {version} of a development version; this version reads format {FIRST_FORMAT} "
            "and later, and cannot upgrade it. Nothing was changed.",
            "Use an empty data folder (--data), or the version that wrote this one.",
        )
