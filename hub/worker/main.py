"""The worker's own side: reads jobs from its standard input, answers on its standard output, one at a time.

It gives way to the hub (nice), has a bound on its memory, and ends with the hub. Heavy libraries are imported by the
job that needs them.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from hub.errors import HubError
from hub.worker.ipc import FAULTS, HEAD, Said, WorkerDone, WorkerFailed, WorkerProgress, job, packed

Tell = Callable[[str, int, int], None]
Task = Callable[..., dict[str, Any]]
PR_SET_PDEATHSIG = 1


def task_of(name: str) -> Task:
    """The function that does a job. Raises LookupError for a name that is none."""
    if name == "picture":
        from hub.worker.image_job import read_picture

        return read_picture
    if name == "document":
        from hub.worker.document_job import read_document

        return read_document
    if name == "recording":
        from hub.worker.audio_job import read_recording

        return read_recording
    from hub.worker.table_jobs import JOBS

    return JOBS[name]


def restrain(parent: int, memory_mb: int) -> None:
    """Lowest priority, a bound on memory, no crash dumps, and the parent's fate."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.nice(15)
    size = memory_mb * 1024 * 1024
    # RLIMIT_DATA and not _AS: the libraries map far more than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the hub ends us in order


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Until the input ends."""

    def say(message: Said) -> None:
        outgoing.write(packed(message))
        outgoing.flush()

    while len(head := incoming.read(HEAD.size)) == HEAD.size:
        wanted = job(incoming.read(HEAD.unpack(head)[0]))
        try:
            result = task_of(wanted.task)(
                wanted.data, tell=lambda stage, done, of: say(WorkerProgress(stage, done, of)), **wanted.options
            )
            answer: Said = WorkerDone(result)
        except HubError as error:
            fault = error.code if type(error) in FAULTS else "worker"
            answer = WorkerFailed(fault, error.message, error.hint)
        except MemoryError:
            answer = WorkerFailed("worker", "The file needs more memory than is allowed here.", "Send a smaller one.")
        except Exception as error:
            print(f"{wanted.task}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 (the hub's log)
            answer = WorkerFailed("worker", "The file could not be analysed.", "The hub's log says why.")
        say(answer)


def main() -> None:
    restrain(int(sys.argv[1]), int(sys.argv[2]))
    # What a library prints must not come between the frames.
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
