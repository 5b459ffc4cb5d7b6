"""Open the store that the settings choose: SQLite in the data folder, or PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from hub.errors import NotInstalled
from hub.runtime.settings import StoreSection, reveal
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from hub.store.postgresql.store import PostgresStore

log = logging.getLogger(__name__)


async def open_store(section: StoreSection) -> SqlStore:
    """Open the store. Raises StoreError or a subclass, and NotInstalled if the driver of PostgreSQL is missing."""
    url = reveal(section.url)
    if url is None:
        return _open_sqlite(section.data)
    return await asyncio.to_thread(postgresql().open, url)


def postgresql() -> type[PostgresStore]:
    """Return the class of the store on PostgreSQL. Its driver is imported only by hubs that use it.

    Raises NotInstalled if the driver is missing or does not work.
    """
    try:
        from hub.store.postgresql.store import PostgresStore
    except ImportError as error:
        hint = "Install it: pip install 'watchkeeper[postgresql]'."
        raise NotInstalled(f"store.url is set, but psycopg cannot be used ({error!s:.100}).", hint) from None
    return PostgresStore


def _open_sqlite(data: Path) -> SqliteStore:
    store = SqliteStore.open(data)
    if store.set_aside is not None:
        log.error(
            "The history file was damaged. It was renamed to %s, and an empty history was started. "
            "To recover, restore a backup (hub restore).",
            store.set_aside,
        )
    return store
