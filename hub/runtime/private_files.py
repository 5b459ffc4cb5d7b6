"""Create files and folders that only the hub's own user may read, and replace files atomically.

The new content is written to a temporary file in the same folder, forced to the disk, and renamed. So a crash leaves
either the old or the new content. The modes of private files do not depend on the umask.

- :func:`replace_file`: for a small file whose content is in memory.
- :func:`replace_files`: for several files that belong together.
- :func:`replacing`: yields a stream, for content that is written in several steps.
- :func:`unfinished_file`: yields a path, for a library that opens the file itself.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO

FILE_MODE = 0o600
FOLDER_MODE = 0o700


def make_folder(folder: Path, mode: int = FOLDER_MODE) -> None:
    """Create ``folder`` with its missing parents. An existing folder keeps its mode. Raises OSError."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        folder.mkdir(mode)
        folder.chmod(mode)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))


def check_replaceable(path: Path) -> None:
    """Raise OSError if ``path`` is a folder, a device or a pipe, which a file must not replace."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", str(path))


def open_private(path: str | os.PathLike[str], flags: int) -> int:
    """Open ``path`` so that only its owner has access. For the argument ``opener`` of :func:`open`."""
    descriptor = os.open(path, flags, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


Opener = Callable[[str, int], int]
"""Type of the argument ``opener`` of :func:`open`."""


def write_draft(path: Path, content: bytes, *, sync: bool = True) -> Path:
    """Write ``content`` to a private file beside ``path``, and return the path of this file.

    Raises OSError, and then leaves no file behind. Without ``sync``, a power cut may lose the content.
    """
    check_replaceable(path)
    draft = path.with_name(path.name + ".new")
    try:
        with open(draft, "wb", opener=open_private) as stream:
            stream.write(content)
            stream.flush()
            if sync:
                os.fsync(stream.fileno())
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    return draft


def replace_file(path: Path, content: bytes, *, sync: bool = True) -> None:
    """Replace or create a private file. Raises OSError, and then leaves the old content."""
    write_draft(path, content, sync=sync).replace(path)


@contextmanager
def unfinished_file(path: Path, *, overwrite: bool = True) -> Iterator[Path]:
    """Yield a path beside ``path``. The file created there replaces ``path`` when the block ends without an error.

    Raises FileExistsError at the end if ``path`` exists and must not be overwritten.
    """
    unfinished = path.with_name(path.name + ".partial")
    unfinished.unlink(missing_ok=True)
    try:
        yield unfinished
        if overwrite:
            unfinished.replace(path)
        else:
            os.link(unfinished, path)  # unlike a rename, a link never replaces a file
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path, *, overwrite: bool = True, opener: Opener | None = open_private) -> Iterator[BinaryIO]:
    """Yield a stream whose content replaces ``path`` when the block ends without an error.

    With ``opener=None`` the umask determines the mode of the file. See :func:`unfinished_file`.
    """
    with unfinished_file(path, overwrite=overwrite) as unfinished, open(unfinished, "wb", opener=opener) as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def replace_files(drafts: Sequence[tuple[Path, Path]]) -> None:
    """Rename each draft to its target, in this order; if one fails, undo the renames before it. Raises OSError."""
    before = [(target, _saved(target)) for _, target in drafts]
    for number, (draft, target) in enumerate(drafts):
        try:
            draft.replace(target)
        except OSError:
            for earlier, saved in before[:number]:
                if saved is None:
                    earlier.unlink(missing_ok=True)
                else:
                    content, status = saved
                    copy_owner(write_draft(earlier, content), status).replace(earlier)
            raise


def _saved(file: Path) -> tuple[bytes, os.stat_result] | None:
    return (file.read_bytes(), file.stat()) if file.exists() else None


def copy_owner(file: Path, status: os.stat_result) -> Path:
    """Give ``file`` the mode in ``status`` and, if this process is allowed to, also the owner. Return ``file``."""
    file.chmod(stat.S_IMODE(status.st_mode))
    with suppress(PermissionError):
        os.chown(file, status.st_uid, status.st_gid)
    return file


def make_private(folder: Path, patterns: Sequence[str]) -> list[Path]:
    """Make files in ``folder`` private, if they belong to this user and match a pattern. Return the changed files."""
    changed = []
    for file in sorted(folder.iterdir()):
        with suppress(OSError):  # the file has been deleted, or the file system has no modes
            status = file.lstat()
            own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
            if own and status.st_mode & 0o077 and any(fnmatch(file.name, each) for each in patterns):
                file.chmod(stat.S_IMODE(status.st_mode) & 0o700)
                changed.append(file)
    return changed
