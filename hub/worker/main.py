"""Main program of the worker process: read jobs from standard input, reply on standard output, one at a time.

It has low priority, a memory limit, and ends with the hub. Heavy libraries are imported by the job that needs them.
"""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from hub.errors import HubError
from hub.worker.ipc import FAULTS, HEAD, Reply, WorkerDone, WorkerFailed, WorkerProgress, decode_job, encode_frame

Task = Callable[..., dict[str, Any]]
PR_SET_PDEATHSIG = 1


def task_of(name: str) -> Task:
    """Return the function of a job. Raises LookupError for an unknown name."""
    if name == "picture":
        from hub.worker.image_job import read_picture

        return read_picture
    if name == "document":
        from hub.worker.document_job import read_document

        return read_document
    if name == "recording":
        from hub.worker.audio_job import read_recording

        return read_recording
    if name == "apprise":
        from hub.worker.apprise_job import send_with_apprise

        return send_with_apprise
    if name == "chart":
        from hub.worker.chart_job import draw_chart

        return draw_chart
    from hub.worker.table_jobs import JOBS

    return JOBS[name]


def restrain(parent: int, memory_mb: int, nice: int) -> None:
    """Set priority and memory limit, switch off core dumps, and let this process end with the process ``parent``."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    os.nice(nice)
    size = memory_mb * 1024 * 1024
    # RLIMIT_DATA instead of RLIMIT_AS, because the libraries map far more memory than they use.
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole process group; the hub ends the worker


def allow_cpu(seconds: int) -> None:
    """Have the system end this process with SIGXCPU once it has used ``seconds`` more of CPU time (up to 1 s later)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Do jobs until the input ends."""

    def send(message: Reply) -> None:
        outgoing.write(encode_frame(message))
        outgoing.flush()

    while len(head := incoming.read(HEAD.size)) == HEAD.size:
        job = decode_job(incoming.read(HEAD.unpack(head)[0]))
        allow_cpu(job.cpu_s)
        try:
            result = task_of(job.task)(
                job.data, progress=lambda stage, done, total: send(WorkerProgress(stage, done, total)), **job.options
            )
            reply: Reply = WorkerDone(result)
        except HubError as error:
            fault = error.code if type(error) in FAULTS else "worker"
            reply = WorkerFailed(fault, error.message, error.hint)
        except MemoryError:
            text = "The file needs more memory than analysis.memory_mb allows."
            reply = WorkerFailed("worker", text, "Send a smaller one.")
        except Exception as error:
            print(f"{job.task}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 (the hub's log)
            reply = WorkerFailed("worker", "The file could not be analysed.", "The hub's log has the reason.")
        send(reply)


def main() -> None:
    restrain(*map(int, sys.argv[1:4]))
    # Text that a library prints must not get between the frames: it goes to standard error instead.
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
