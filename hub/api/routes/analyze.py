"""``POST /analyze/image``, ``/analyze/audio`` and ``/analyze/document``: what can be told of a file.

Asked for lines (``Accept: application/x-ndjson``), the answer tells its progress: ``progress`` again and again, at the
end ``done`` with the analysis, or ``error``. Who goes away ends the work, unless ``keep`` was asked for: then the first
line is ``started`` with the id of the analysis, which ``/api/analyses/{id}/progress`` follows.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Header, UploadFile
from starlette.responses import Response

from hub.analysis import FileAnalyzer, new_id
from hub.api.analysis_jobs import Job, Jobs, Shape
from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.http_settings import HttpSettings
from hub.api.ndjson import LINES, line, streamed
from hub.api.schemas import analyses as shapes
from hub.errors import HubError, TooBusy, TooLarge
from hub.model import Analysis, AnalysisKind
from hub.worker import Progress

MULTIPART_BYTES = 64 * 1024
"""What the form around the file may take."""
Device = Annotated[str | None, Form(max_length=128)]
Accept = Annotated[str, Header()]
Keep = Annotated[bool, Form()]


def longest(http: HttpSettings) -> dict[str, int]:
    """The length of a whole request, by path."""
    return {
        "/analyze/image": http.image_bytes + MULTIPART_BYTES,
        "/analyze/audio": http.audio_bytes + MULTIPART_BYTES,
        "/analyze/document": http.document_bytes + MULTIPART_BYTES,
    }


def busy() -> HubError:
    return TooBusy("Too many files are being analysed already.", "Try again in a moment.")


def routes(analyzer: FileAnalyzer, turns: Turns, http: HttpSettings, jobs: Jobs) -> APIRouter:
    router = APIRouter(tags=["analysis"])
    most = longest(http)

    def about(path: str, kinds: str) -> dict[str, Any]:
        return {
            "path": path,
            "responses": {
                200: {"content": {LINES: {}}},
                400: {"description": kinds},
                404: {},
                413: {"description": "Too large"},
                501: {},
            },
            # Enforced while the body streams in, so that nobody fills the disk.
            "max_body_size": most[path],
        }

    async def told(
        kind: AnalysisKind,
        file: UploadFile,
        largest: int,
        accept: str,
        shape: Shape = shapes.analysis,
        *,
        keep: bool,
        **options: Any,
    ) -> Response:
        data = await file.read(largest + 1)
        if len(data) > largest:
            raise TooLarge(f"This file may have at most {largest // 1024 // 1024} MB.", "Send a smaller one.")

        analysis_id = new_id()

        async def work(progress: Progress) -> Analysis:
            with turns.turn():
                return await analyzer.analyse(
                    kind, file.filename, data, progress=progress, analysis_id=analysis_id, **options
                )

        if LINES not in accept:
            return Json(shape(await work(lambda stage, done, of: None)))
        job = jobs.start(analysis_id, work)
        if keep:
            jobs.keep(job)
        return await streamed(_lines(job, shape, keep=keep))

    @router.post(response_model=shapes.ImageAnswer, **about("/analyze/image", "No PNG, JPEG or WebP picture"))
    async def image(
        file: Annotated[UploadFile, File()], device_id: Device = None, accept: Accept = "", keep: Keep = False
    ) -> Response:
        """PNG, JPEG or WebP, by its content and not by its name."""
        return await told("image", file, http.image_bytes, accept, shapes.image, keep=keep, device=device_id)

    @router.post(response_model=shapes.AnalysisShape, **about("/analyze/audio", "No WAV, FLAC, MP3 or OGG recording"))
    async def audio(
        file: Annotated[UploadFile, File()], device_id: Device = None, accept: Accept = "", keep: Keep = False
    ) -> Response:
        """WAV, FLAC, MP3 or OGG: what its sound tells of a machine, and what is said in it."""
        return await told("audio", file, http.audio_bytes, accept, keep=keep, device=device_id)

    @router.post(response_model=shapes.AnalysisShape, **about("/analyze/document", "No PDF"))
    async def document(
        file: Annotated[UploadFile, File()],
        device_id: Device = None,
        model: Annotated[list[Annotated[str, Form(max_length=200)]], Form(max_length=32)] = [],  # noqa: B006 (nobody changes it)
        accept: Accept = "",
        keep: Keep = False,
    ) -> Response:
        """PDF: its text by page, its tables, a summary. With ``model`` (once for each) it is a manual of that device
        model, and quoted in the diagnoses of such devices."""
        return await told("document", file, http.document_bytes, accept, keep=keep, device=device_id, models=model)

    return router


async def _lines(job: Job, shape: Shape, *, keep: bool) -> AsyncGenerator[bytes, None]:
    """Who goes away ends the work, unless it is to be kept."""
    try:
        await job.first_news()
        if keep:
            yield line({"type": "started", "id": job.id})
        async with contextlib.aclosing(job.lines(shape)) as lines:
            async for each in lines:
                yield each
    finally:
        if not keep:
            await job.stop()
