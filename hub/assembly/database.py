"""The database that the settings choose, for commands and for :mod:`hub.assembly.open_store`.

The driver of PostgreSQL is imported only if ``store.url`` is set.
"""

from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import Conflict, NotInstalled
from hub.runtime.settings import StoreSection, reveal
from hub.store.lock import FILE
from hub.store.read_only import ReadOnlyStore
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from hub.store.postgresql.inspection import ServerReport
    from hub.store.postgresql.lease import Candidate
    from hub.store.postgresql.store import PostgresStore


def postgresql() -> tuple[type[Candidate], type[PostgresStore]]:
    """Return the classes of the store on PostgreSQL.

    Raises NotInstalled if the driver is missing or does not work.
    """
    try:
        from hub.store.postgresql.lease import Candidate
        from hub.store.postgresql.store import PostgresStore
    except ImportError as error:
        hint = "Install it: pip install 'watchkeeper[postgresql]'."
        raise NotInstalled(f"store.url is set, but psycopg cannot be used ({error!s:.100}).", hint) from None
    return Candidate, PostgresStore


def holder_name(data: Path) -> str:
    """Return a name for this hub that no other hub has, and that stays the same over restarts.

    The name contains a hash of the lock file's device and inode. So a copy of the data folder has another name, even on
    a machine with the same host name and path.
    """
    lock = (data / FILE).stat()
    place = f"{socket.gethostname()}:{data.resolve()}"
    return f"{place} ({hashlib.sha256(f'{place} {lock.st_dev} {lock.st_ino}'.encode()).hexdigest()[:6]})"


def inspect_database(url: str) -> ServerReport:
    """Return the state of a PostgreSQL server and of the hub's tables. Blocks. Raises NotInstalled or StoreError."""
    postgresql()
    from hub.store.postgresql.inspection import inspect

    return inspect(url)


def open_read_only(section: StoreSection) -> ReadOnlyStore:
    """Return a snapshot of the history, to which a hub may write meanwhile.

    Raises NotFound, NotInstalled, or StoreError.
    """
    url = reveal(section.url)
    if url is None:
        return ReadOnlyStore.open(section.data)
    postgresql()
    from hub.store.postgresql.snapshot import open_snapshot

    return open_snapshot(url)


def open_idle(section: StoreSection) -> SqlStore:
    """Open the store for a command, while no hub uses it. The caller has locked the data folder. Blocks.

    Raises Conflict if a hub on another machine uses the database, NotInstalled, or StoreError.
    """
    url = reveal(section.url)
    if url is None:
        return SqliteStore.open(section.data)
    candidate_class, store_class = postgresql()
    candidate = candidate_class(url, holder_name(section.data))
    lease = candidate.poll()
    if isinstance(lease, str):
        candidate.close()
        raise Conflict(f"The hub at {lease} uses the database.", "Run the command there, or stop that hub first.")
    return store_class.open(url, lease=lease)
