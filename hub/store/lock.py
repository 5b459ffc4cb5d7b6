"""One data directory, one hub. It knows no database.

The lock is the kernel's (``flock``): it goes with the process that holds it, however that process ends.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from hub.errors import InUse


class DirectoryLock:
    """Held from :meth:`acquire` until :meth:`release` or the end of the process; also a context manager."""

    def __init__(self, file: int) -> None:
        self._file: int | None = file

    @classmethod
    def acquire(cls, directory: Path) -> DirectoryLock:
        """Lock ``directory``, making it where it does not exist. Raises :class:`InUse` with the holder's pid."""
        directory.mkdir(parents=True, exist_ok=True)
        # Not inherited by child processes (O_CLOEXEC is Python's default), else a child would keep the lock alive.
        file = os.open(directory / "watchkeeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(file, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            raise InUse(
                f"The data directory {directory} is in use by another hub (process {holder}).",
                "Stop that hub first, or name another directory.",
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        return cls(file)

    def release(self) -> None:
        """Give the directory free; harmless when done twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> DirectoryLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
