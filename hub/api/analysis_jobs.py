"""Running analyses of files. Clients can follow their progress.

A job ends when its client disconnects, unless the client started it with ``keep``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from hub.accounts.requester import current_requester
from hub.accounts.scope import current_scope
from hub.api.ndjson import line
from hub.errors import HubError, NotFound
from hub.model import Analysis
from hub.worker import Progress

Work = Callable[[Progress], Coroutine[Any, Any, Analysis]]
Shape = Callable[[Analysis], Any]
FAILED_KEPT = 32
"""Maximum number of failed jobs that are remembered, so that a client that reconnects gets the error."""


class Job:
    """A running analysis. Only its newest progress is stored, so a slow client may not receive every step."""

    def __init__(self, job_id: str, work: Work, shutdown: asyncio.Event) -> None:
        self.id = job_id
        self._owner, self._scope = current_requester().account, current_scope().key
        self._newest = ("waiting", 0, 1)
        self._changed = asyncio.Event()
        self._shutdown = shutdown
        self.task = asyncio.create_task(self._run(work), name="analysis")

    async def _run(self, work: Work) -> Analysis:
        working = asyncio.create_task(work(self._progress), name="analysis_work")
        ending = asyncio.create_task(self._shutdown.wait(), name="analysis_end")
        try:
            await asyncio.wait((working, ending), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                working.cancel()
            return await working
        finally:
            ending.cancel()
            working.cancel()
            self._tell()

    def _progress(self, stage: str, done: int, total: int) -> None:
        self._newest = (stage, done, total)
        self._tell()

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def belongs_to_requester(self) -> bool:
        """Return whether the present request may follow and stop the job."""
        return current_requester().owns(self._owner) and current_scope().key in ("", self._scope)

    async def started(self) -> None:
        """Wait until the job reports its first progress or ends.

        Raises the error of a job that failed at once, for example because of a wrong file type.
        """
        await self._changed.wait()
        await asyncio.sleep(0)  # if the end was reported, the task is done one iteration of the event loop later
        if self.task.done() and not self.task.cancelled() and (error := self.task.exception()) is not None:
            raise error

    async def lines(self, shape: Shape) -> AsyncGenerator[bytes, None]:
        """Yield lines of JSON: the progress, and at the end the analysis, converted by ``shape``.

        Raises HubError if the job failed.
        """
        while True:
            changed = self._changed
            if self.task.done():
                yield line({"type": "done", "analysis": shape(await self.task)})
                return
            stage, done, of = self._newest
            yield line({"type": "progress", "stage": stage, "done": done, "of": of})
            await changed.wait()
            await asyncio.sleep(0)

    async def stop(self) -> None:
        """Cancel the analysis and wait for its end."""
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError, HubError):
            await self.task


class Jobs:
    """Jobs that continue without their clients, by the id of the analysis."""

    def __init__(self, shutdown: asyncio.Event) -> None:
        self._shutdown = shutdown
        self._jobs: dict[str, Job] = {}

    def start(self, job_id: str, work: Work) -> Job:
        """Start a job and return it. Clients can find the job by its id only after a call of :meth:`keep`."""
        return Job(job_id, work, self._shutdown)

    def keep(self, job: Job) -> None:
        """Let clients find the job by its id until it ends.

        A failed job can still be found afterwards, so that clients can read the error. The last :data:`FAILED_KEPT`
        failed jobs are kept.
        """
        self._jobs[job.id] = job
        job.task.add_done_callback(lambda task: self._ended(job))

    def _ended(self, job: Job) -> None:
        if job.task.cancelled() or job.task.exception() is None:
            self._jobs.pop(job.id, None)
            return
        failed = [each.id for each in self._jobs.values() if each.task.done()]
        for job_id in failed[:-FAILED_KEPT]:
            del self._jobs[job_id]

    def get(self, job_id: str) -> Job | None:
        """Return the job with this id. Only jobs passed to :meth:`keep` are found.

        Return None if there is no such job, or if it belongs to somebody else.
        """
        job = self._jobs.get(job_id)
        return job if job is not None and job.belongs_to_requester() else None

    async def stop(self, job_id: str) -> None:
        """Stop the job with this id. Raises NotFound in the cases in which :meth:`get` returns None."""
        job = self.get(job_id)
        if job is None:
            raise NotFound(f"No analysis {job_id[:64]!r} is running.", "GET /api/analyses lists finished ones.")
        del self._jobs[job_id]
        await job.stop()
