"""Lock on a data folder, so that only one hub uses it.

It is a lock of the kernel (``flock``), which is released when the process ends for any reason.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from hub.errors import ConfigError, InUse
from hub.runtime.private_files import make_folder

FILE = "watchkeeper.lock"
UNKNOWN = "unknown"


class DirectoryLock:
    """A lock, held from :meth:`acquire` until :meth:`release` or the end of the process; also a context manager."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file

    @classmethod
    def acquire(cls, directory: Path) -> DirectoryLock:
        """Lock ``directory``, which is created if it does not exist.

        Raises :class:`InUse` with the id of the process that holds the lock, ConfigError for a folder that cannot be
        written.
        """
        try:
            make_folder(directory)
            # Python opens it with O_CLOEXEC: a child process that inherited it would keep the lock.
            file = os.open(directory / FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            hint = "Give this user the right to write there, or pass another folder with --data."
            raise ConfigError(f"The data folder {directory} cannot be used ({error.strerror}).", hint) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() or UNKNOWN
            os.close(file)
            raise InUse(
                f"The data directory {directory} is in use by another hub (process {holder}).",
                "Stop that hub first, or pass another folder with --data.",
            ) from None
        with suppress(OSError):  # a full disk: the lock works without the process id in the file
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        return cls(file)

    @staticmethod
    def holder(directory: Path) -> str:
        """Return the id of the process that acquired the lock last, or ``UNKNOWN`` if it cannot be read."""
        try:
            return (directory / FILE).read_text("ascii", "replace").strip() or UNKNOWN
        except OSError:
            return UNKNOWN

    def release(self) -> None:
        """Release the lock. A second call does nothing."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
