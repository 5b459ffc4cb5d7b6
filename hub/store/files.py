"""Files of the data folder in the table ``file``, so that a hub that takes over has them."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from hub.store.connection import SqlConnection, replace, to_json


def digest_of(content: bytes) -> bytes:
    """Return the digest by which two versions of a file are compared."""
    return hashlib.sha256(content).digest()


class FileTable:
    """The files that hubs on one database share, by their paths in the data folder.

    ``read`` and ``write`` run a function with a connection in the store's threads.
    """

    def __init__(self, read: Callable[..., Awaitable[Any]], write: Callable[..., Awaitable[Any]]) -> None:
        self._read, self._write = read, write

    async def digests(self) -> dict[str, bytes]:
        """Return the digest of each file."""
        found: dict[str, bytes] = await self._read(_digests)
        return found

    async def contents(self, names: Sequence[str]) -> dict[str, bytes]:
        """Return the contents of the files that exist."""
        found: dict[str, bytes] = await self._read(_contents, names)
        return found

    async def change(self, changed: Mapping[str, bytes], removed: Sequence[str]) -> None:
        """Write the contents of ``changed`` and delete ``removed``, all or nothing."""
        await self._write(_change, changed, removed)


def _digests(connection: SqlConnection) -> dict[str, bytes]:
    return dict(connection.rows(list[tuple[str, bytes]], "SELECT path, digest FROM file"))


def _contents(connection: SqlConnection, names: Sequence[str]) -> dict[str, bytes]:
    query = "SELECT path, body FROM file WHERE path IN (SELECT value FROM json_each(?))"
    return dict(connection.rows(list[tuple[str, bytes]], query, to_json(list(names))))


def _change(connection: SqlConnection, changed: Mapping[str, bytes], removed: Sequence[str]) -> None:
    with connection.transaction():
        if removed:
            connection.execute(
                "DELETE FROM file WHERE path IN (SELECT value FROM json_each(?))", (to_json(list(removed)),)
            )
        rows = [(name, digest_of(content), content) for name, content in changed.items()]
        replace(connection, "file", "path, digest, body", rows)
