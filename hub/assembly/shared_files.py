"""Keep the files of the data folder (rules, accounts, dashboards, …) in the database, for hubs that share it.

The active hub writes each change to the database within :data:`SCAN_S`. A hub that takes over first brings its own
folder up to date. A file that was changed on this machine while no hub ran is kept, unless another hub has changed it
in the database meanwhile: then the database's version counts, and this one is moved aside.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

import msgspec

from hub.archive import ASIDE, SHARED, is_allowed
from hub.errors import StoreError
from hub.mqtt.mosquitto_files import let_broker_pass, share_with_broker
from hub.runtime.fault_log import FaultLog
from hub.runtime.private_files import make_folder, replace_file
from hub.store.files import FileTable, digest_of
from hub.store.sqlite import FILE

log = logging.getLogger(__name__)
faults = FaultLog(log)

SCAN_S = 1.0
MAX_BYTES = 16_000_000
"""Larger files are not shared: the hub writes none."""
OWN = ("hub.toml", FILE)
"""Files that each machine has of its own."""
_BROKER = ("broker/passwd", "broker/acl")
_BEGUN_HERE = ("install.json",)
"""Files that each hub creates before it knows the database's."""


class FileChanges(NamedTuple):
    """What to do with files that differ between the data folder and the database.

    Attributes:
        take: Names of files that the folder gets from the database.
        drop: Names of files that are deleted in the folder.
        give: Names of files that the database gets from the folder.
        forget: Names of files that are deleted in the database.
        aside: Names in ``take`` or ``drop`` whose version in the folder is moved aside, so that it is not lost.
    """

    take: list[str]
    drop: list[str]
    give: list[str]
    forget: list[str]
    aside: list[str]


def changes_between(here: dict[str, bytes], stored: dict[str, bytes], before: dict[str, bytes]) -> FileChanges:
    """Return what to do to make folder and database equal.

    The arguments are the digests of the files in the folder, in the database, and in both when they were last equal.
    """
    found = FileChanges([], [], [], [], [])
    for name in sorted(here.keys() | stored.keys()):
        mine, theirs, base = here.get(name), stored.get(name), before.get(name)
        if mine == theirs:
            continue
        if theirs == base and mine != base:  # changed here only
            (found.forget if mine is None else found.give).append(name)
            continue
        if mine is not None and mine != base and name not in _BEGUN_HERE:
            found.aside.append(name)
        (found.drop if theirs is None else found.take).append(name)
    return found


class Folder(NamedTuple):
    """What a look at the data folder has found.

    Attributes:
        digests: The digests of the shared files.
        skipped: Names of files that are too large or cannot be read. Nothing is known about them, so neither their
            version in the folder nor that in the database is changed.
    """

    digests: dict[str, bytes]
    skipped: set[str]


class SharedFiles:
    """The files of one data folder, and their counterpart in the database."""

    def __init__(self, data: Path, table: FileTable) -> None:
        self._data, self._table = data, table
        self._known: dict[str, tuple[tuple[int, int], bytes]] = {}  # time, size and digest by name, when last read
        self._shared: dict[str, bytes] = {}  # digests of the files that are equal in the folder and the database

    async def fetch(self) -> None:
        """Make folder and database equal, before the hub reads the folder. Raises StoreError or a subclass."""
        before = self._shared = await asyncio.to_thread(_read_state, self._data / SHARED)
        stored = _only_shared(await self._table.digests())
        here, skipped = await asyncio.to_thread(self._look, before.keys() | stored.keys())
        todo = changes_between(here, _without(stored, skipped), _without(before, skipped))
        contents = await self._table.contents(todo.take)
        await asyncio.to_thread(self._apply, todo, contents)
        equal = {name: digest for name, digest in stored.items() if here.get(name) == digest}
        # Not read from the folder again: a file that has just changed there is not in the database yet.
        self._shared = {name: digest for name, digest in before.items() if name in skipped} | equal
        self._shared |= {name: digest_of(content) for name, content in contents.items()}
        await self._give(todo.give, todo.forget)
        await asyncio.to_thread(self._save_state)
        if changed := [*todo.take, *todo.drop]:
            log.info("%d files of the data folder were brought up to date from the database.", len(changed))

    async def run(self) -> None:
        """Write changed files to the database until cancelled."""
        while True:
            await asyncio.sleep(SCAN_S)
            try:
                await self.push()
            except (StoreError, OSError) as error:
                text = "Changed files of the data folder cannot be written to the database yet (%s). Retrying."
                faults.error("files", text, error)

    async def push(self) -> None:
        """Store the files in the database that have changed since the last call, and delete those that were deleted.

        Raises StoreError or a subclass.
        """
        here, skipped = await asyncio.to_thread(self._look, self._shared.keys())
        changed = [name for name, digest in here.items() if self._shared.get(name) != digest]
        removed = [name for name in self._shared if name not in here and name not in skipped]
        if changed or removed:
            await self._give(changed, removed)
            await asyncio.to_thread(self._save_state)

    async def push_last(self) -> None:
        """Write the last changes before the hub stops. If this fails, the next start on this machine writes them."""
        try:
            await self.push()
        except (StoreError, OSError) as error:
            log.warning("The last changes of files were not written to the database: %s", error)

    async def _give(self, changed: list[str], removed: list[str]) -> None:
        contents = await asyncio.to_thread(self._contents, changed)
        if contents or removed:
            await self._table.change(contents, removed)
        self._shared |= {name: digest_of(content) for name, content in contents.items()}
        for name in removed:
            self._shared.pop(name, None)

    def _contents(self, names: list[str]) -> dict[str, bytes]:
        found = {}
        for name in names:
            try:
                found[name] = (self._data / name).read_bytes()
            except FileNotFoundError:  # deleted since the folder was looked through: the next look shows that
                continue
            except OSError as error:
                _unreadable(name, error)
        return found

    def _look(self, names: Iterable[str]) -> Folder:
        """Look through the folder. A file is read only if its time or size has changed.

        ``names`` are files that were there before: those that exist, but are not seen, are skipped, not deleted.
        """
        known, self._known = self._known, {}
        skipped = set()
        for name in _names_in(self._data):
            try:
                status = (self._data / name).lstat()
                if not S_ISREG(status.st_mode):
                    continue
                if status.st_size > MAX_BYTES:
                    skipped.add(name)
                    if name in self._shared:
                        faults.error("size", "%s has more than %d bytes: its changes are not shared.", name, MAX_BYTES)
                    continue
                seen = status.st_mtime_ns, status.st_size
                if name not in known or known[name][0] != seen:
                    known[name] = seen, digest_of((self._data / name).read_bytes())
                self._known[name] = known[name]
            except FileNotFoundError:
                continue
            except OSError as error:
                _unreadable(name, error)
                skipped.add(name)
        skipped |= {name for name in names if name not in self._known and _exists(self._data / name)}
        return Folder({name: digest for name, (_, digest) in self._known.items()}, skipped)

    def _apply(self, todo: FileChanges, contents: dict[str, bytes]) -> None:
        if todo.aside:
            aside = self._data / f"{ASIDE}{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
            for name in todo.aside:
                make_folder((aside / name).parent)
                (self._data / name).replace(aside / name)
            log.warning(
                "Another hub on the database has changed these files, and so has this machine: %s. The database's "
                "versions are used. Those of this machine are in %s.",
                *(", ".join(todo.aside), aside),
            )
        for name, content in contents.items():
            make_folder((self._data / name).parent)
            replace_file(self._data / name, content)
            if name in _BROKER:
                share_with_broker(self._data / name)
                let_broker_pass(self._data)
                let_broker_pass((self._data / name).parent)
        for name in todo.drop:
            (self._data / name).unlink(missing_ok=True)

    def _save_state(self) -> None:
        state = {name: digest.hex() for name, digest in self._shared.items()}
        try:
            replace_file(self._data / SHARED, msgspec.json.encode(state), sync=False)
        except OSError as error:
            faults.error("state", "%s cannot be written (%s). It is written with the next change.", SHARED, error)


def _names_in(data: Path) -> Iterator[str]:
    """Yield the names of the files in a data folder that may be shared. A folder that cannot be read is skipped."""
    for folder, _, files in os.walk(data, onerror=lambda error: _unreadable(str(error.filename), error)):
        for file in sorted(files):
            name = (Path(folder) / file).relative_to(data).as_posix()
            if _is_shared(name):
                yield name


def _is_shared(name: str) -> bool:
    return name != "." and name not in OWN and is_allowed(name)


def _only_shared(stored: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return ``stored`` without names that no hub has written, such as those outside the data folder."""
    for name in stored:
        if not _is_shared(name):
            faults.error(
                ("name", name), "A file named %r is in the database. It is ignored: no hub shares it.", name[:200]
            )
    return {name: digest for name, digest in stored.items() if _is_shared(name)}


def _without(digests: Mapping[str, bytes], skipped: set[str]) -> dict[str, bytes]:
    return {name: digest for name, digest in digests.items() if name not in skipped}


def _exists(file: Path) -> bool:
    """Return True if ``file`` exists, or if the folder that has it cannot be read."""
    try:
        return S_ISREG(file.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _unreadable(name: str, error: OSError) -> None:
    text = "%s cannot be read (%s): its changes are not shared."
    faults.error(("read", name), text, name, error.strerror or type(error).__name__)


def _read_state(file: Path) -> dict[str, bytes]:
    """Return the digest of each file when folder and database were last equal; empty if ``file`` cannot be read."""
    try:
        found = msgspec.json.decode(file.read_bytes(), type=dict[str, str])
        return {name: bytes.fromhex(digest) for name, digest in found.items()}
    except (OSError, ValueError, RecursionError):
        return {}
