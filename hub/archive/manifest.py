"""What an archive has in it, and what it never has."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO

import msgspec

from hub.store.copying import Content
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
    STAGED + "/*",
    UNFINISHED + "/*",
    ASIDE + "*",
    "broker/hub.login",
    "models.json",
    "*.pem",
    "*.key",
    "*.tar",
)
"""Of another run, secret, or copied in another way."""

MOST_FILES = 100_000


class Entry(msgspec.Struct, frozen=True):
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """``created_at`` in ms. ``content`` is what was in the history when the copy was made."""

    format: int
    version: str
    created_at: int
    install_id: str
    content: Content
    files: dict[str, Entry]


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
    for file in sorted(data.rglob("*")):
        name = file.relative_to(data).as_posix()
        if file.is_file() and not file.is_symlink() and not any(fnmatch(name, each) for each in LEFT_OUT):
            yield name


def harmless(name: str) -> bool:
    """A file in the folder itself or below, and none of those that an archive never has."""
    path = PurePosixPath(name)
    plain = not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\0" not in name
    return plain and (name == FILE or (name != MANIFEST and not any(fnmatch(name, each) for each in LEFT_OUT)))
