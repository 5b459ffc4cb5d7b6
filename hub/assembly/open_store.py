"""Open the store that the settings choose: SQLite in the data folder, or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from hub.api import HttpSettings
from hub.assembly.shared_files import SharedFiles
from hub.assembly.standby import holder_name, wait_for_lease
from hub.errors import NotInstalled
from hub.runtime.settings import StoreSection, reveal
from hub.server import ServerCertificate
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from hub.store.postgresql.lease import Candidate
    from hub.store.postgresql.store import PostgresStore

log = logging.getLogger(__name__)


async def open_store(
    section: StoreSection, http: HttpSettings, listener: socket.socket, certificate: ServerCertificate | None
) -> SqlStore:
    """Open the store. On PostgreSQL, wait until no other hub uses it, and answer probes on ``listener`` meanwhile.

    Raises StoreError or a subclass, NotInstalled if the driver of PostgreSQL is missing, SystemExit if the hub is
    stopped while it waits.
    """
    url = reveal(section.url)
    if url is None:
        return _open_sqlite(section.data)
    candidate_class, store_class = postgresql()
    candidate = candidate_class(url, holder_name(section.data))
    lease = await wait_for_lease(candidate, http, listener, certificate)
    return await asyncio.to_thread(store_class.open, url, lease=lease)


async def share_files(store: SqlStore, data: Path, stack: contextlib.AsyncExitStack) -> SharedFiles | None:
    """Bring the data folder up to date if several machines share the database; else return None.

    The last changes are written to the database when ``stack`` is closed. Raises StoreError.
    """
    if store.files is None:
        return None
    shared = SharedFiles(data, store.files)
    await shared.fetch()
    stack.push_async_callback(shared.push_last)
    return shared


def postgresql() -> tuple[type[Candidate], type[PostgresStore]]:
    """Return the classes of the store on PostgreSQL. Its driver is imported only by hubs that use it.

    Raises NotInstalled if the driver is missing or does not work.
    """
    try:
        from hub.store.postgresql.lease import Candidate
        from hub.store.postgresql.store import PostgresStore
    except ImportError as error:
        hint = "Install it: pip install 'watchkeeper[postgresql]'."
        raise NotInstalled(f"store.url is set, but psycopg cannot be used ({error!s:.100}).", hint) from None
    return Candidate, PostgresStore


def _open_sqlite(data: Path) -> SqliteStore:
    store = SqliteStore.open(data)
    if store.set_aside is not None:
        log.error(
            "The history file was damaged. It was renamed to %s, and an empty history was started. "
            "To recover, restore a backup (hub restore).",
            store.set_aside,
        )
    return store
