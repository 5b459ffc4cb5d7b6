"""The hub's side of a worker process: one job at a time, a bounded queue, a limit of CPU time.

The process starts with the first job and serves all jobs that follow. It is killed if a job takes too long, breaks
the connection or is cancelled; the next job then starts a new process.

The limit is CPU time, because the process has a low priority: on a busy machine a harmless file can take minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from hub.errors import HubError, TooBusy, WorkFailed
from hub.worker.ipc import (
    FAULTS,
    HEAD,
    MAX_BYTES,
    WorkerDone,
    WorkerFailed,
    WorkerJob,
    WorkerProgress,
    decode_reply,
    encode_frame,
)

log = logging.getLogger(__name__)

WAIT = 5
"""Time limit of a job as a multiple of its CPU time, because other processes have priority and a job may sleep."""
_MAX_LINES = 5
"""Maximum number of lines of standard error that one job may add to the log: a hostile file can cause any number."""
KILL_S = 2.0
"""If the caller is cancelled, block for at most this many seconds until the killed process has ended."""
_TOO_LONG = ("The analysis took too long and was stopped.", "Send a smaller or simpler file.")
Progress = Callable[[str, int, int], None]
"""Function that is called with a stage, the number of parts done and the number of all parts."""


def _ignore(stage: str, done: int, of: int) -> None:
    return None


class Worker:
    """A worker process and the queue of its jobs.

    Args:
        memory_mb: memory limit of the process.
        queue: how many jobs may wait or run at the same time.
        cpu_s: CPU time that a job may use, in seconds.
        nice: niceness of the process; higher values give it a lower priority.
    """

    def __init__(self, *, memory_mb: int = 3_072, queue: int = 8, cpu_s: int = 120, nice: int = 15) -> None:
        self._memory_mb, self._queue, self._cpu_s, self._nice = memory_mb, queue, cpu_s, nice
        self._waiting = 0  # jobs that wait or run
        self._turn = asyncio.Lock()  # held by the job that runs
        self._process: asyncio.subprocess.Process | None = None
        self._stderr_task: asyncio.Task[None] | None = None
        self._lines = 0  # of standard error during this job
        self._closed = False
        self._started = 0  # processes started so far

    @property
    def restarts(self) -> int:
        """Return how often a new process was started after the first one, because the process before it had ended."""
        return max(self._started - 1, 0)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def run(
        self, task: str, data: bytes, *, progress: Progress = _ignore, cpu_s: int | None = None, **options: Any
    ) -> dict[str, Any]:
        """Run one job and return its result.

        Args:
            task: the name of the job, see ``main.py``.
            data: the file.
            progress: called while the job waits and runs.
            cpu_s: CPU time of this job in seconds; None: the worker's ``cpu_s``.
            **options: keyword arguments for the function of the job.

        Raises:
            TooBusy: too many jobs wait.
            WrongType: the file is at fault.
            WorkFailed: the process ended or took too long.
            HubError: another error of :data:`hub.worker.ipc.FAULTS`.
        """
        if self._waiting >= self._queue:
            raise TooBusy("Too many files are being analysed already.", "Try again in a moment.")
        self._waiting += 1
        job = WorkerJob(task, data, options, cpu_s or self._cpu_s)
        try:
            progress("waiting", 0, 1)
            async with self._turn:
                try:
                    async with asyncio.timeout(job.cpu_s * WAIT):
                        return await self._do(job, progress)
                except TimeoutError:
                    await self._kill()
                    raise WorkFailed(*_TOO_LONG) from None
                except (OSError, asyncio.IncompleteReadError):
                    if await self._kill() == -signal.SIGXCPU:
                        raise WorkFailed(*_TOO_LONG) from None
                    raise WorkFailed(
                        "The analysis process ended: the file may need more memory than analysis.memory_mb allows.",
                        "Send a smaller or simpler file.",
                    ) from None
                except HubError:
                    raise
                except BaseException:  # cancelled: the reply that the process would send must not go to the next job
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
            raise OSError("The worker process started without stdin/stdout. Report this.")
        self._lines = 0
        to_it.write(encode_frame(job))
        await to_it.drain()
        while True:
            (length,) = HEAD.unpack(await from_it.readexactly(HEAD.size))
            if length > MAX_BYTES:
                raise OSError(f"the worker sent {length} bytes; at most {MAX_BYTES} are allowed")
            match decode_reply(await from_it.readexactly(length)):
                case WorkerProgress(stage, done, total):
                    progress(stage, done, total)
                case WorkerDone(result):
                    return result
                case WorkerFailed(fault, message, hint):
                    raise next((kind for kind in FAULTS if kind.code == fault), WorkFailed)(message, hint)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._closed:
            raise WorkFailed("The hub is stopping.", "Try again when it has started.")
        if self._process is not None and self._process.returncode is None:
            return self._process
        self._started += 1
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "hub.worker.main", str(os.getpid()), str(self._memory_mb), str(self._nice),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=2**20,
        )  # fmt: skip
        if (errors := self._process.stderr) is not None:
            self._stderr_task = asyncio.create_task(self._log_errors(errors), name="log the worker's errors")
        return self._process

    async def _log_errors(self, errors: asyncio.StreamReader) -> None:
        """Log the worker's standard error. It may quote a hostile file, so lines and their length are bounded."""
        while True:
            try:
                line = await errors.readline()
            except ValueError:  # longer than the stream's limit; the rest of it follows as another line
                continue
            if not line:
                return
            self._lines += 1
            if self._lines <= _MAX_LINES:
                log.warning("worker: %s", line[:400].decode("utf-8", "replace").rstrip())
            elif self._lines == _MAX_LINES + 1:
                log.warning("worker: further lines of this job are left out")

    async def _kill(self) -> int | None:
        """Kill the process and return its exit status; None if there is no process.

        Wait for the end of the process even if the caller is cancelled.
        """
        # Forget it first: a caller that is cancelled while it waits must not leave a dying process to the next job.
        process, self._process = self._process, None
        stderr_task, self._stderr_task = self._stderr_task, None
        if process is None:
            return None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        transport = process._transport  # type: ignore[attr-defined]  # there is no public way to close its pipes
        popen: subprocess.Popen[bytes] | None = transport.get_extra_info("subprocess")  # uvloop has none
        try:
            status = await process.wait()
            if stderr_task is not None:
                await stderr_task
            # If kill() found the process dead and reaped it, asyncio's status is 255 and Popen has the true one. If
            # asyncio reaped it first, Popen's is 0.
            return popen.returncode if popen is not None and status == 255 else status
        except asyncio.CancelledError:
            # The loop may close before it notices the end, so block here; a killed process ends within milliseconds.
            if popen is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    popen.wait(KILL_S)
            raise
        finally:
            transport.close()
