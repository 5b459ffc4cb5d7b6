"""The hub's side of the worker: one process, jobs one after the other, a bounded queue, and an end for what hangs.

The process starts with the first job and goes on. It is killed, and begun anew with the next job, when it dies, hangs
beyond a job's time, or is told to stop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from hub.errors import HubError, TooBusy, WorkFailed
from hub.worker.ipc import FAULTS, HEAD, MOST_BYTES, WorkerDone, WorkerFailed, WorkerJob, WorkerProgress, packed, said

log = logging.getLogger(__name__)

_MOST_LINES = 5
"""Lines of the worker's standard error that one job may add to the log: a hostile file can cause any number."""
KILL_S = 2.0
"""How long a killed process may take to end while nobody else waits for it."""
Progress = Callable[[str, int, int], None]
"""Stage, parts done, parts in all."""


def _nobody(stage: str, done: int, of: int) -> None:
    return None


class Worker:
    """``memory_mb`` bounds the process, ``queue`` the jobs that wait or run, ``timeout_s`` each job."""

    def __init__(self, *, memory_mb: int = 3_072, queue: int = 8, timeout_s: float = 120.0) -> None:
        self._memory_mb, self._queue, self._timeout_s = memory_mb, queue, timeout_s
        self._waiting = 0
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None
        self._complaints: asyncio.Task[None] | None = None
        self._lines = 0
        self._closed = False
        self._started = 0

    @property
    def restarts(self) -> int:
        return max(self._started - 1, 0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def run(
        self, task: str, data: bytes, *, progress: Progress = _nobody, timeout_s: float | None = None, **options: Any
    ) -> dict[str, Any]:
        """The result of one job. Raises TooBusy when too many wait, WrongType for a file's own fault, WorkFailed when
        the process died or took too long. ``progress`` hears of the wait, too."""
        if self._waiting >= self._queue:
            raise TooBusy("Too many files are being analysed already.", "Try again in a moment.")
        self._waiting += 1
        try:
            progress("waiting", 0, 1)
            async with self._turn:
                try:
                    async with asyncio.timeout(timeout_s or self._timeout_s):
                        return await self._do(WorkerJob(task, data, options), progress)
                except TimeoutError:
                    await self._kill()
                    raise WorkFailed(
                        "The analysis took too long and was stopped.", "Send a smaller or simpler file."
                    ) from None
                except (OSError, asyncio.IncompleteReadError):
                    await self._kill()
                    raise WorkFailed(
                        "The analysis ended before its time: the file may need more memory than is allowed here.",
                        "Send a smaller or simpler file.",
                    ) from None
                except HubError:
                    raise
                except BaseException:  # cancelled in the middle: what the process says next is nobody's
                    await self._kill()
                    raise
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        self._closed = True
        await self._kill()

    async def _do(self, job: WorkerJob, progress: Progress) -> dict[str, Any]:
        process = await self._running()
        to_it, from_it = process.stdin, process.stdout
        if to_it is None or from_it is None:
            raise OSError("the worker has no pipes")
        self._lines = 0
        to_it.write(packed(job))
        await to_it.drain()
        while True:
            (length,) = HEAD.unpack(await from_it.readexactly(HEAD.size))
            if length > MOST_BYTES:
                raise OSError("more than a frame may hold")
            match said(await from_it.readexactly(length)):
                case WorkerProgress(stage, done, of):
                    progress(stage, done, of)
                case WorkerDone(result):
                    return result
                case WorkerFailed(fault, message, hint):
                    raise next((kind for kind in FAULTS if kind.code == fault), WorkFailed)(message, hint)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._closed:
            raise WorkFailed("The hub is stopping.", "Try again once it is back.")
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._started += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "hub.worker.main", str(os.getpid()), str(self._memory_mb),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**20,
        )  # fmt: skip
        if (errors := self._process.stderr) is not None:
            self._complaints = asyncio.create_task(self._log_errors(errors), name="log the worker's errors")
        return self._process

    async def _log_errors(self, errors: asyncio.StreamReader) -> None:
        """Log what libraries print while they read a file, which may quote the file: bounded in lines and length."""
        while True:
            try:
                line = await errors.readline()
            except ValueError:  # longer than the stream's limit; what is left of it comes as a line of its own
                continue
            if not line:
                return
            self._lines += 1
            if self._lines <= _MOST_LINES:
                log.warning("worker: %s", line[:400].decode("utf-8", "replace").rstrip())
            elif self._lines == _MOST_LINES + 1:
                log.warning("worker: further lines of this job are left out")

    async def _kill(self) -> None:
        """End the process and wait for its end, also while the caller is cancelled."""
        # Forget it first: a caller that is cancelled while it waits must not leave a dying process to the next job.
        process, self._process = self._process, None
        complaints, self._complaints = self._complaints, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        transport = process._transport  # type: ignore[attr-defined]  # there is no public way to close its pipes
        try:
            await process.wait()
            if complaints is not None:
                await complaints
        except asyncio.CancelledError:
            # The loop may close before it hears of the end, so wait here; a killed process ends within milliseconds.
            with contextlib.suppress(subprocess.TimeoutExpired):
                transport.get_extra_info("subprocess").wait(KILL_S)
            raise
        finally:
            transport.close()
