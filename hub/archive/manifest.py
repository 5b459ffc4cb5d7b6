"""The manifest lists the files of an archive. This module also decides which files of a data folder are archived."""

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
"""Folders inside the data folder: STAGED has an unpacked and checked archive, UNFINISHED one not yet checked."""
ASIDE = "replaced-"
"""Prefix of the folders that contain the files which a restore has replaced."""

SHARED = "shared-files.json"
"""State of the files that hubs on one database share (:mod:`hub.assembly.shared_files`)."""

LEFT_OUT = (
    FILE + "*",
    "watchkeeper.lock",
    "running.json",
    SHARED,
    "*.partial",
    "*.new",
    "*.pid",
    "*.log",
    STAGED,
    UNFINISHED,
    ASIDE + "*",
    "*.tar",
)
"""Patterns of files that are not added to an archive: temporary files, other archives, and the history's own files.

The archive contains a consistent copy of the history instead.
"""
ACCOUNTS = (
    "accounts.json",
    "api-tokens.json",
    "links.json",
    "passkeys.json",
    "first-account-link.txt",
    "sessions.json",
)
SECRET = ("broker/hub.login", "models.json", "notifications.json", *ACCOUNTS, "*.pem", "*.key", "*.unreadable")
"""Patterns of files that are secret as a whole. An archive contains them only if it is made with secrets.

``notifications.json`` has the addresses of channels, which are secrets themselves, and the key of push messages. A file
that could not be read is kept as ``.unreadable``: what it holds is not known.
"""

MAX_FILES = 100_000


class Entry(msgspec.Struct, frozen=True):
    """Size and checksum of a file."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """Contents of an archive.

    Attributes:
        format: Version of the archive's format.
        version: Version of the software that wrote the archive.
        created_at: When the archive was written, in epoch milliseconds.
        install_id: Id of the installation.
        content: Format of the copied history, and its number of rows by table.
        files: Size and checksum of each file, by name.
        with_secrets: True if the archive contains tokens, keys and passwords.
        redacted: Settings files whose secrets were removed.
        left_out: Files that are missing because they contain secrets.
    """

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
    """A file wrapper that hashes everything read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """Read and hash up to ``size`` bytes."""
        block = self._file.read(size)
        self.digest.update(block)
        return block


def names_in(data: Path) -> Iterator[str]:
    """Yield the names of the files in a data folder that belong in an archive, except for the history."""
    for file in sorted(data.rglob("*")):
        name = file.relative_to(data).as_posix()
        if file.is_file() and not file.is_symlink() and not _matches(name, LEFT_OUT):
            yield name


def is_secret(name: str) -> bool:
    """Return True if the whole file with this name is secret, such as a private key."""
    return _matches(name, SECRET)


def is_allowed(name: str) -> bool:
    """Return True if an archive may contain a file with this name.

    The name must be a normalised path inside the folder. Names that match :data:`LEFT_OUT` are refused, except for the
    name of the history.
    """
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and path.as_posix() == name and "\0" not in name
    return inside and (name == FILE or not _matches(name, (MANIFEST, *LEFT_OUT)))


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Return True if a pattern matches ``name`` or the path of one of its parent folders."""
    path = PurePosixPath(name)
    return any(fnmatch(each.as_posix(), pattern) for each in (path, *path.parents) for pattern in patterns)
