"""Open the store that the settings choose: SQLite in the data folder, or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from pathlib import Path

from hub.api import HttpSettings
from hub.assembly.database import holder_name, postgresql
from hub.assembly.shared_files import SharedFiles
from hub.assembly.standby import wait_for_lease
from hub.errors import StoreBusy
from hub.runtime.settings import StoreSection, reveal
from hub.server import ServerCertificate
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore

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
    failure: StoreBusy | None = None
    while True:
        lease = await wait_for_lease(candidate, http, listener, certificate, failure)
        try:
            return await asyncio.to_thread(store_class.open, url, lease=lease)
        except StoreBusy as error:  # the lease is released
            failure = error


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


def _open_sqlite(data: Path) -> SqliteStore:
    store = SqliteStore.open(data)
    if store.set_aside is not None:
        log.error(
            "The history file was damaged. It was renamed to %s, and an empty history was started. "
            "To recover, restore a backup (hub restore).",
            store.set_aside,
        )
    return store
