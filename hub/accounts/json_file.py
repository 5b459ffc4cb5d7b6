"""A file in the data folder that contains a list of records, such as accounts. Each change rewrites the whole file."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from hub.errors import ConfigError, StoreError
from hub.runtime.private_files import write_draft
from hub.runtime.set_aside import set_aside

T = TypeVar("T", bound=msgspec.Struct)
MAX_BYTES = 4 << 20
LOST = "Restore it from a backup, or delete it: its contents are lost then, and `hub link` lets you in."


class JsonFile(Generic[T]):
    """The JSON file at ``path``: a list of records of the type ``kind``."""

    def __init__(self, path: Path, kind: type[T], hint: str = LOST) -> None:
        """Create the object without reading the file. ``hint`` tells people what to do if the file is damaged."""
        self.path = path
        self._kind = kind
        self._hint = hint
        self._saving = asyncio.Lock()  # only one thread of this process waits for the file lock

    def read(self) -> list[T]:
        """Return the records; an empty list if there is no file.

        Raises ConfigError if the file exists but cannot be read. Returning an empty list would be dangerous: a hub
        without accounts requires no sign-in.
        """
        kind = list[self._kind]  # type: ignore[name-defined]  # a type made at run time
        found: list[T] = self._decoded(kind)
        return found

    def read_usable(self) -> tuple[list[T], list[str]]:
        """Return what :meth:`usable` returns. If there are errors, keep the file under another name, too.

        The next change writes only the records that can be read (:mod:`hub.runtime.set_aside`).
        """
        found, faults = self.usable()
        if faults:
            set_aside(self.path, faults, copy=bool(found))
        return found, faults

    def usable(self) -> tuple[list[T], list[str]]:
        """Return the records that can be read, and an error message for each of the others."""
        try:
            stored = self._decoded(list[msgspec.Raw])
        except ConfigError as error:
            if isinstance(error.__cause__, OSError):
                raise  # the contents may be intact
            return [], [str(error)]
        found: list[T] = []
        faults: list[str] = []
        for number, record in enumerate(stored):
            try:
                found.append(msgspec.json.decode(record, type=self._kind))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                faults.append(f"{self.path}: entry {number} cannot be used: {error}.")
        return found, faults

    def _decoded(self, kind: Any) -> Any:
        """Return the content of the file; an empty list if there is no file. Raises ConfigError."""
        try:
            if not self.path.exists():
                return []
            if self.path.stat().st_size > MAX_BYTES:
                raise ConfigError(f"{self.path} is larger than {MAX_BYTES} bytes.", "Restore it from a backup.")
            return msgspec.json.decode(self.path.read_bytes(), type=kind)
        except OSError as error:
            raise ConfigError(f"{self.path} cannot be read ({error.strerror}).") from error
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ConfigError(f"{self.path} is damaged: {error}.", self._hint) from error

    async def write(self, records: Sequence[T]) -> None:
        """Replace the content of the file. If that fails, keep the old content and raise StoreError."""
        await self.edit(lambda _: records, read=False)

    async def edit(self, change: Callable[[list[T]], Sequence[T]], *, read: bool = True) -> None:
        """Pass the stored records to ``change``, and store the records that it returns.

        Other processes that edit the file wait in the meantime. If ``read`` is False, ``change`` gets an empty list
        instead of the stored records.

        Raises:
            StoreError: The file cannot be written. It keeps its old content.
            ConfigError: The file cannot be read.
        """
        async with self._saving:
            await asyncio.to_thread(self._edit_file, change, read)

    def write_blocking(self, records: Sequence[T]) -> None:
        """Replace the content of the file like :meth:`write`, for code that runs without an event loop."""
        self._edit_file(lambda _: records, read=False)

    def _edit_file(self, change: Callable[[list[T]], Sequence[T]], read: bool) -> None:
        try:
            self._edit(change, read)
        except OSError as error:
            raise StoreError(
                f"{self.path} cannot be written ({error.strerror}).",
                "Free some space, or make the folder writable for the hub's user.",
            ) from error

    def _edit(self, change: Callable[[list[T]], Sequence[T]], read: bool) -> None:
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # released when it is closed
            records = change(self.read() if read else [])
            content = msgspec.json.encode(list(records))
            if len(content) > MAX_BYTES:
                raise StoreError(f"{self.path} would become larger than {MAX_BYTES} bytes.", "Remove old entries.")
            draft = write_draft(self.path, content)
            owner = os.fstat(folder)
            if os.geteuid() == 0 and owner.st_uid != 0:  # "sudo hub link": the hub has to read it
                os.chown(draft, owner.st_uid, owner.st_gid)
            draft.replace(self.path)
        finally:
            os.close(folder)
