"""What an archive has in it, and what it never has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from hub.store.database_copy import DatabaseContent
from hub.store.sqlite import FILE

FORMAT = 1
MANIFEST, INSTALL = "manifest.json", "install.json"
STAGED, UNFINISHED = "restore", "restore.partial"
"""Folders in the data folder: what takes its place at the next start, and what is not checked yet."""
ASIDE = "replaced-"

LEFT_OUT = (
    FILE + "*",
    "watchkeeper.lock",
    "*.partial",
    "*.new",
    "*.pid",
    "*.log",
    STAGED,
    UNFINISHED,
    ASIDE + "*",
    "*.tar",
)
"""Files and folders of another run, or copied in another way."""
SECRET = ("broker/hub.login", "models.json", "sessions.json", "*.pem", "*.key")
"""Files that are secrets as a whole: in an archive only when asked for."""

MOST_FILES = 100_000


class Entry(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """``created_at`` in ms. ``content`` is what was in the history when the copy was made. ``redacted`` are settings
    files that are here without their secrets, ``left_out`` files that are not here as they hold secrets."""

    format: int
    version: str
    created_at: int
    install_id: str
    content: DatabaseContent
    files: dict[str, Entry]
    with_secrets: bool = False
    redacted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class Hashed:
    """A file that is being read, and the digest of what was read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def names_in(data: Path) -> Iterator[str]:
    """Yield the name of each file of the data folder that an archive may hold, but the history."""
    for file in sorted(data.rglob("*")):
        name = file.relative_to(data).as_posix()
        if file.is_file() and not file.is_symlink() and not _matches(name, LEFT_OUT):
            yield name


def is_secret(name: str) -> bool:
    return _matches(name, SECRET)


def harmless(name: str) -> bool:
    """Return whether a member may have this name: a file in the folder or below, and none that a hub makes anew."""
    path = PurePosixPath(name)
    plain = not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\0" not in name
    return plain and (name == FILE or not _matches(name, (MANIFEST, *LEFT_OUT)))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a pattern fits ``name`` or one of the folders that it lies in."""
    path = PurePosixPath(name)
    return any(fnmatch(each.as_posix(), pattern) for each in (path, *path.parents) for pattern in patterns)
