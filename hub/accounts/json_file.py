"""A list of records in a private file of the data folder, replaced as a whole with each change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from hub.errors import ConfigError, StoreError
from hub.runtime.private_files import replace_file

T = TypeVar("T", bound=msgspec.Struct)
MAX_BYTES = 4 << 20


class JsonFile(Generic[T]):
    """The file at ``path`` with records of ``kind``."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self.path = path
        self._kind = kind
        self._saving = asyncio.Lock()

    def read(self) -> list[T]:
        """Return the records, none if there is no file.

        Raises ConfigError if it cannot be read: without it, a hub could start that knows nobody and lets everybody in.
        """
        try:
            if not self.path.exists():
                return []
            if self.path.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{self.path} is larger than {MAX_BYTES} bytes.", "Restore it from a backup.")
            return msgspec.json.decode(self.path.read_bytes(), type=list[self._kind])  # type: ignore[name-defined]
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read ({error.strerror}).") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            hint = "Restore it from a backup, or delete it: its contents are lost then, and `hub link` lets you in."
            raise ConfigError(f"{self.path} is damaged: {error}.", hint) from error

    async def write(self, records: Sequence[T]) -> None:
        """Replace the file. Raises StoreError, leaving the old content."""
        async with self._saving:
            try:
                await asyncio.to_thread(replace_file, self.path, msgspec.json.encode(list(records)))
            except OSError as error:
                raise StoreError(
                    f"{self.path} cannot be written ({error.strerror}).",
                    "Free some space, or make the folder writable for the hub's user.",
                ) from error
